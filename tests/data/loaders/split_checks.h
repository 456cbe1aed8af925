#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <embark/data/loaders/splitters.h>
#include <embark/data/table/table.h>

namespace embark::testing {

/// A table of one column of text.
inline Table column_of(const std::string& name, const std::vector<std::string>& values) {
    return Table::from_text({{name, values}});
}

inline std::vector<int64_t> row_numbers(const at::Tensor& rows) {
    const at::Tensor flat = rows.contiguous();
    return {flat.const_data_ptr<int64_t>(), flat.const_data_ptr<int64_t>() + flat.numel()};
}

/// How often each value of `column` stands in these rows.
inline std::map<std::string, int64_t> count_values(const Table& table, const std::string& column,
                                                   const at::Tensor& rows) {
    std::map<std::string, int64_t> counts;
    for (const auto& value : table.take(rows).text(column)) ++counts[value];
    return counts;
}

/// Each of `rows` rows is in one part, and both parts are ascending and have one.
inline void expect_partition(const Split& split, int64_t rows) {
    EXPECT_GT(split.train.numel(), 0);
    EXPECT_GT(split.valid.numel(), 0);
    EXPECT_TRUE(at::equal(std::get<0>(split.train.sort()), split.train));
    EXPECT_TRUE(at::equal(std::get<0>(split.valid.sort()), split.valid));
    const at::Tensor all = std::get<0>(at::cat({split.train, split.valid}).sort());
    EXPECT_TRUE(at::equal(all, at::arange(rows, at::kLong)));
}

}  // namespace embark::testing
