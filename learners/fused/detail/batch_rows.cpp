#include "batch_rows.h"

#include <algorithm>

#include "../../../core/detail/prefetch.h"
#include "../../../core/error.h"

namespace embark {

void BatchRows::take(const int64_t* column, int64_t count, int64_t n_rows, const char* what) {
    const auto n = static_cast<size_t>(count);
    ids.resize(n);
    places_.resize(n);
    place_of_.resize(static_cast<size_t>(n_rows));
    distinct.resize(n);
    starts.assign(n + 1, 0);
    // Plain pointers: the compiler would take each vector's own anew after every number that is written.
    int32_t *place_of = place_of_.data(), *places = places_.data(), *counts = starts.data() + 1;
    int64_t *rows = ids.data(), *each = distinct.data();
    int64_t found = 0;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t id = column[2 * i];
        require(id >= 0 && id < n_rows, "The ", what, " ", id, " of a batch is not one of the model's ", n_rows,
                ": numbers go from 0 to ", n_rows - 1);
        if (i + kRowsAhead < count) __builtin_prefetch(place_of + column[2 * (i + kRowsAhead)]);
        rows[i] = id;
        // What stands there may be an earlier batch's: it counts where this one has the row at that place. Nobody can
        // guess whether a row is new, hence no branch.
        const int64_t last = place_of[id];
        const bool is_new = (last >= found) | (each[last < found ? last : 0] != id);
        const int64_t place = is_new ? found : last;
        found += is_new;
        place_of[id] = places[i] = static_cast<int32_t>(place);
        each[place] = id;
        ++counts[place];
    }
    distinct.resize(static_cast<size_t>(found));
    starts.resize(distinct.size() + 1);
    for (size_t r = 1; r < starts.size(); ++r) starts[r] += starts[r - 1];
    next_.assign(starts.begin(), starts.end() - 1);
    by_row.resize(n);
    int32_t *next = next_.data(), *order = by_row.data();
    for (int64_t i = 0; i < count; ++i) order[next[places[i]]++] = static_cast<int32_t>(i);
}

}  // namespace embark
