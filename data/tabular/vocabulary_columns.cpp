#include <utility>

#include "../../core/detail/parallel.h"
#include "../../core/error.h"
#include "../table/detail/encoded_column.h"
#include "../table/detail/row_values.h"
#include "../table/detail/table_impl.h"
#include "../table/table.h"

// What Vocabulary does with columns of a Table, which the component that it belongs to does not know.
namespace embark {

std::vector<char> mark_rows(const at::Tensor& rows, const Table& table) {
    require(rows.dim() == 1 && rows.scalar_type() == at::kLong, "Row indices must be a 1-d int64 tensor");
    const int64_t n_rows = table.rows();
    std::vector<char> marked(static_cast<size_t>(n_rows), 0);
    const at::Tensor indices = rows.cpu().contiguous();
    const int64_t* row = indices.const_data_ptr<int64_t>();
    for (int64_t i = 0, n = indices.numel(); i < n; ++i) {
        if (row[i] < 0 || row[i] >= n_rows) {
            fail("There is no row ", row[i], " in ", display_name(table.source()), ", which has ", n_rows,
                 " rows, counted from 0");
        }
        marked[static_cast<size_t>(row[i])] = 1;
    }
    return marked;
}

Vocabulary Vocabulary::fit(const Table& table, std::string_view column, const at::Tensor& rows) {
    return fit_vocabulary(EncodedColumn(table, column), mark_rows(rows, table));
}

at::Tensor Vocabulary::encode(const Table& table, std::string_view column) const {
    return encode_column(*this, EncodedColumn(table, column)).tensor();
}

Vocabulary fit_vocabulary(const EncodedColumn& column, const std::vector<char>& wanted) {
    std::vector<std::string> categories;
    visit_distinct(column, wanted, [&](int64_t, std::string_view value) { categories.emplace_back(value); });
    return Vocabulary::fit(std::move(categories));
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
