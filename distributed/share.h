#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace embark {

/// Rows [begin, end) of a table or of a batch.
struct RowRange {
    int64_t begin = 0;  ///< the first row
    int64_t end = 0;    ///< the row after the last
    /// How many rows these are.
    int64_t size() const { return end - begin; }
};

/// What rank `rank` of `size` has of `rows`: ranges one after the other, as even as can be, the first ranks' one
/// longer.
inline RowRange even_range(int64_t rows, int64_t rank, int64_t size) {
    const int64_t each = rows / size, longer = rows % size;
    const int64_t begin = rank * each + std::min(rank, longer);
    return {begin, begin + each + (rank < longer ? 1 : 0)};
}

/// Which part of what several processes do together is this one's. By itself all of it.
struct Share {
    /// How the batches of an epoch are shared.
    enum class Of {
        batches,      ///< whole batches: of batch i the process of rank i % size
        rows_of_each  ///< its part of every batch
    };
    int64_t rank = 0;          ///< this process, from 0
    int64_t size = 1;          ///< how many processes there are
    Of of = Of::rows_of_each;  ///< what of an epoch is shared

    /// The same share, of every batch's rows.
    Share of_rows() const { return {rank, size, Of::rows_of_each}; }
    /// The same share, of whole batches.
    Share of_batches() const { return {rank, size, Of::batches}; }
    /// Whether this process has all of it.
    bool is_whole() const { return size == 1; }
    /// This share's range of `rows`.
    RowRange part(int64_t rows) const { return even_range(rows, rank, size); }
    /// The range of `rows` of every process, by rank.
    std::vector<RowRange> parts(int64_t rows) const {
        std::vector<RowRange> all;
        for (int64_t of_rank = 0; of_rank < size; ++of_rank) all.push_back(even_range(rows, of_rank, size));
        return all;
    }
    /// The most rows that any process has of `rows`.
    int64_t largest_part(int64_t rows) const { return (rows + size - 1) / size; }
    /// Rows of this share before batch `i` of a pass of `rows` rows in batches of `batch_size`.
    int64_t rows_before(int64_t i, int64_t rows, int64_t batch_size) const;
    /// This share's rows of such a pass, where one process's come after the other's.
    RowRange range_of_pass(int64_t rows, int64_t batch_size) const;
    /// Where whole batches are shared: whether batch `i` is this process's.
    bool has_batch(int64_t i) const { return i % size == rank; }
    /// Where whole batches are shared: whether every process has had as many after batch `i`.
    bool ends_round(int64_t i) const { return (i + 1) % size == 0; }
};

}  // namespace embark
