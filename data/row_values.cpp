#include "row_values.h"

#include <numeric>

namespace embark {

RowOrder::RowOrder(const at::Tensor& some_rows, int64_t n_rows) {
    const at::Tensor in_a_row = some_rows.cpu().contiguous();
    const int64_t* row = in_a_row.const_data_ptr<int64_t>();
    const int64_t n = in_a_row.numel();
    std::vector<int64_t> place_of(static_cast<size_t>(n_rows), -1);
    for (int64_t i = 0; i < n; ++i) {
        int64_t& place = place_of[static_cast<size_t>(row[i])];
        if (place >= 0) {
            rows.assign(row, row + n);
            places.resize(rows.size());
            std::iota(places.begin(), places.end(), int64_t{0});
            return;
        }
        place = i;
    }
    rows.reserve(static_cast<size_t>(n));
    places.reserve(static_cast<size_t>(n));
    for (int64_t i = 0; i < n_rows; ++i) {
        const int64_t place = place_of[static_cast<size_t>(i)];
        if (place < 0) continue;
        rows.push_back(i);
        places.push_back(place);
    }
}

}  // namespace embark
