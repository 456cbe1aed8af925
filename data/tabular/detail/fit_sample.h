#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../tabular.h"
#include "tabular_fit.h"

namespace embark {

class Strategy;

/// A few rows that stand for a table too large to hold, so that what is fitted on them is what would be fitted on all:
/// a random sample of the rows, and with it for every category the first row that has it, and for every number the
/// first row where it is missing.
class FitSample {
public:
    /// About `sample_rows` of `n_rows` are drawn, all where there are no more; a row's chance follows from its number
    /// and the options' seed, so that several processes draw what one would.
    FitSample(const TabularOptions& options, int64_t n_rows, int64_t sample_rows);
    ~FitSample();

    /// The rows of `table` that are marked; `first_row` is the number of its first one.
    void add(const Table& table, const std::vector<char>& wanted, int64_t first_row);

    /// What was taken over, also by the other processes.
    struct Rows {
        Table table;
        FitRows rows;
    };
    Rows finish(Strategy& strategy);

private:
    class Key;

    bool is_drawn(int64_t row) const;
    void find_keys(const Table& table);

    const TabularOptions& options_;
    int64_t n_rows_;
    double share_;
    std::vector<std::unique_ptr<Key>> keys_;
    std::vector<Table> taken_;
};

}  // namespace embark
