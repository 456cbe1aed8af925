#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace embark {

class ProcessGroup;

/// The rows of a pair of tables (factors and biases) that a batch touched, and their gradients one after the other.
struct TouchedRows {
    std::vector<int64_t>& rows;
    std::vector<float>& gradient;       // rows · width
    std::vector<float>& bias_gradient;  // rows
};

/// Puts the rows that any process touched in the place of each one's, with the sums of their gradients: the same bits
/// in all. One exchange for all tables, of `most_rows` rows a table and process, which must not be exceeded.
void add_up_touched_rows(ProcessGroup& processes, int64_t width, int64_t most_rows,
                         std::span<const TouchedRows> tables);

}  // namespace embark
