#include "batch_rows.h"

#include <algorithm>
#include <bit>

#include "../../../core/error.h"

namespace embark {

void BatchRows::take(const int64_t* column, int64_t count, int64_t n_rows, const char* what) {
    const auto n = static_cast<size_t>(count);
    ids.resize(n);
    sorted_.resize(n);
    for (size_t i = 0; i < n; ++i) {
        const int64_t id = column[2 * i];
        require(id >= 0 && id < n_rows, "The ", what, " ", id, " of a batch is not one of the model's ", n_rows,
                ": numbers go from 0 to ", n_rows - 1);
        ids[i] = id;
        sorted_[i] = {static_cast<uint32_t>(id), static_cast<uint32_t>(i)};
    }
    sort(n_rows);

    by_row.resize(n);
    distinct.resize(n);
    starts.resize(n + 1);
    size_t found = 0;
    for (size_t k = 0; k < n; ++k) {
        by_row[k] = static_cast<int32_t>(sorted_[k].rating);
        // Nobody can guess whether a row is new, hence no branch: what is written for one that is not is overwritten.
        const bool is_new = k == 0 || sorted_[k].row != sorted_[k - 1].row;
        distinct[found] = sorted_[k].row;
        starts[found] = static_cast<int32_t>(k);
        found += is_new;
    }
    distinct.resize(found);
    starts.resize(found + 1);
    starts[found] = static_cast<int32_t>(n);
}

/// Digit by digit, from the lowest: what is alike in one stays in its order.
void BatchRows::sort(int64_t n_rows) {
    const int bits = std::bit_width(static_cast<uint64_t>(n_rows - 1));
    // A digit's values are worth no more room than the batch.
    const int most = std::clamp(static_cast<int>(std::bit_width(sorted_.size())), 5, 11);
    const int passes = (bits + most - 1) / most, digit = passes == 0 ? 0 : (bits + passes - 1) / passes;
    const uint32_t mask = (uint32_t{1} << digit) - 1;
    next_.resize(sorted_.size());
    for (int shift = 0; shift < passes * digit; shift += digit) {
        places_.assign(mask + 2, 0);
        for (const Named& each : sorted_) ++places_[((each.row >> shift) & mask) + 1];
        for (size_t d = 1; d < places_.size(); ++d) places_[d] += places_[d - 1];
        for (const Named& each : sorted_) next_[places_[(each.row >> shift) & mask]++] = each;
        sorted_.swap(next_);
    }
}

}  // namespace embark
