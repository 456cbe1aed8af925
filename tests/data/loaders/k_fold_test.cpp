#include <embark/data/loaders/k_fold.h>

#include <embark/core/error.h>

#include <gmock/gmock.h>

#include "baselines.h"
#include "split_checks.h"
#include "test_files.h"

namespace embark {
namespace k_fold_test {

using embark::testing::column_of;
using embark::testing::count_values;
using embark::testing::expect_partition;
using embark::testing::json_baseline;
using embark::testing::message_of;
using embark::testing::row_numbers;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Every fold is a split, and every row is for validation once.
void expect_folds(const std::vector<Split>& folds, int64_t rows) {
    Tensors valid;
    for (const Split& split : folds) {
        expect_partition(split, rows);
        valid.push_back(split.valid);
    }
    EXPECT_TRUE(at::equal(std::get<0>(at::cat(valid).sort()), at::arange(rows, at::kLong)));
}

std::vector<int64_t> valid_sizes(const std::vector<Split>& folds) {
    std::vector<int64_t> sizes;
    for (const Split& split : folds) sizes.push_back(split.valid.numel());
    return sizes;
}

TEST(KFold, makes_folds_of_nearly_equal_size) {
    const auto folds = k_fold(23, 5, 1);
    expect_folds(folds, 23);
    EXPECT_THAT(valid_sizes(folds), ElementsAre(5, 5, 5, 4, 4));
    EXPECT_NE(row_numbers(folds[0].valid), row_numbers(k_fold(23, 5, 2)[0].valid));
    EXPECT_EQ(row_numbers(folds[0].valid), row_numbers(k_fold(23, 5, 1)[0].valid));
}

TEST(KFold, refuses_folds_that_cannot_be) {
    EXPECT_EQ(message_of<UsageError>([] { k_fold(10, 1); }), "Invalid number of folds 1: at least 2 are needed");
    EXPECT_EQ(message_of<Error>([] { k_fold(4, 5); }), "There cannot be 5 folds of 4 rows; each needs one at least");
    EXPECT_EQ(message_of<Error>([] {
                  group_k_fold(column_of("g", {"a", "b", "a"}), "g", 3);
              }),
              "There cannot be 3 folds of 2 groups; each needs one at least");
    EXPECT_THAT(message_of<Error>([] {
                    stratified_k_fold(column_of("g", {"a", "b", "a"}), "h", 3);
                }),
                HasSubstr("There is no column 'h'"));
}

TEST(StratifiedKFold, has_the_counts_of_scikit_learn) {
    for (const auto& stored : json_baseline("folds.json").at("stratified")) {
        const auto classes = stored.at("classes").get<std::vector<std::string>>();
        const auto k = stored.at("k").get<int64_t>();
        const Table table = column_of("class", classes);
        const auto folds = stratified_k_fold(table, "class", k, 4);
        expect_folds(folds, table.rows());
        for (size_t i = 0; i < folds.size(); ++i) {
            EXPECT_EQ(count_values(table, "class", folds[i].valid),
                      (stored.at("counts").at(i).get<std::map<std::string, int64_t>>()))
                << "fold " << i << " of " << k;
        }
    }
}

TEST(GroupKFold, makes_the_folds_of_scikit_learn) {
    for (const auto& stored : json_baseline("folds.json").at("groups")) {
        const auto groups = stored.at("groups").get<std::vector<std::string>>();
        const Table table = column_of("group", groups);
        const auto folds = group_k_fold(table, "group", stored.at("k").get<int64_t>());
        expect_folds(folds, table.rows());
        for (size_t i = 0; i < folds.size(); ++i) {
            EXPECT_EQ(row_numbers(folds[i].valid), stored.at("valid").at(i).get<std::vector<int64_t>>())
                << "fold " << i;
        }
    }
}

}  // namespace k_fold_test
}  // namespace embark
