#pragma once

#include <cstdint>
#include <vector>

namespace embark {

/// The rows of one table that the ratings of a batch name, and which ratings name each. Not part of the public
/// interface.
class BatchRows {
public:
    /// Takes them from every second number of `column`, `count` > 0 times. Throws Error for a row that is not one of
    /// `n_rows`; `what` is what the message calls it.
    void take(const int64_t* column, int64_t count, int64_t n_rows, const char* what);

    /// The row of each rating.
    std::vector<int64_t> ids;
    /// The rows, each once, in the order in which the batch names them.
    std::vector<int64_t> distinct;
    /// Ratings of the same row one after the other, in the order of the batch: of distinct[r] they are those from
    /// by_row[starts[r]] to before by_row[starts[r + 1]].
    std::vector<int32_t> by_row, starts;

private:
    /// The place of each row of the table in `distinct`; of what no rating names, whatever was left there.
    std::vector<int32_t> place_of_;
    std::vector<int32_t> places_, next_;  // of each rating, and of each distinct row; kept for their memory alone
};

}  // namespace embark
