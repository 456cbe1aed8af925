#include "share.h"

namespace embark {

int64_t Share::rows_before(int64_t i, int64_t rows, int64_t batch_size) const {
    const int64_t full = std::min(i, rows / batch_size), rest = i > full ? rows % batch_size : 0;
    if (of == Of::rows_of_each) return full * part(batch_size).size() + part(rest).size();
    const int64_t own_full = full / size + (rank < full % size ? 1 : 0);
    return own_full * batch_size + (has_batch(full) ? rest : 0);
}

RowRange Share::range_of_pass(int64_t rows, int64_t batch_size) const {
    const int64_t n = (rows + batch_size - 1) / batch_size;
    int64_t begin = 0;
    for (Share other{0, size, of}; other.rank < rank; ++other.rank) begin += other.rows_before(n, rows, batch_size);
    return {begin, begin + rows_before(n, rows, batch_size)};
}

}  // namespace embark
