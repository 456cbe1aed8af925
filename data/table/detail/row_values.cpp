#include "row_values.h"

#include <algorithm>
#include <limits>

namespace embark {

RowOrder::RowOrder(const at::Tensor& some_rows, int64_t n_rows) : rows_(some_rows.cpu().contiguous()) {
    constexpr int64_t kFew = 4;  // of so many rows one: to seek these is not slower than to go through all
    const int64_t n = size();
    if (kFew * n < n_rows || n_rows > std::numeric_limits<int32_t>::max()) return;
    const int64_t* row = rows_.const_data_ptr<int64_t>();
    if (std::is_sorted(row, row + n)) return;
    place_of_.assign(static_cast<size_t>(n_rows), -1);
    for (int64_t i = 0; i < n; ++i) {
        int32_t& place = place_of_[static_cast<size_t>(row[i])];
        if (place >= 0) {
            place_of_.clear();
            return;
        }
        place = static_cast<int32_t>(i);
    }
}

RowValues<int64_t> encode_column(const Vocabulary& vocabulary, const EncodedColumn& column) {
    constexpr int64_t kValuesPerThread = 4096;  // fewer are not worth a thread
    const arrow::StringArray& values = column.values();
    std::vector<int64_t> indices(static_cast<size_t>(values.length()) + 1, 0);
    parallel_for(values.length(), kValuesPerThread, [&](int64_t begin, int64_t end) {
        for (int64_t code = begin; code < end; ++code) {
            indices[static_cast<size_t>(code) + 1] = vocabulary.index(values.GetView(code));
        }
    });
    return {column, std::move(indices)};
}

}  // namespace embark
