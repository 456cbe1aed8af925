#include <embark/core/error.h>
#include <embark/data/loaders/splitters.h>
#include <embark/data/table/table.h>

#include <limits>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace splitters_test {

using embark::testing::message_of;
using ::testing::HasSubstr;

Table table_of(int64_t rows) {
    return Table::from_text({{"x", std::vector<std::string>(static_cast<size_t>(rows), "v")}});
}

at::Tensor rows(const std::vector<int64_t>& values) {
    return at::tensor(values, at::kLong);
}

// Python: torch.manual_seed(42); torch.randperm(10) -> 2, 6, 1, 8, 4, 5, 0, 9, 3, 7.
TEST(RandomSplitter, takes_the_rows_that_fastai_takes) {
    const Split split = random_splitter(0.25, 42)(table_of(10));
    EXPECT_TRUE(at::equal(split.valid, rows({2, 6})));
    EXPECT_TRUE(at::equal(split.train, rows({1, 8, 4, 5, 0, 9, 3, 7})));
}

// Python: torch.manual_seed(7); torch.randperm(100000)[:5].
TEST(RandomSplitter, takes_the_rows_that_fastai_takes_of_many) {
    const Split split = random_split(100000, 0.2, 7);
    EXPECT_TRUE(at::equal(split.valid.slice(0, 0, 5), rows({41615, 23657, 92717, 16389, 28607})));
    EXPECT_EQ(split.valid.numel(), 20000);
    EXPECT_EQ(split.train.numel(), 80000);
    const at::Tensor all = std::get<0>(at::cat({split.train, split.valid}).sort());
    EXPECT_TRUE(at::equal(all, at::arange(100000, at::kLong)));
}

TEST(RandomSplitter, takes_rows_in_the_order_of_randperm) {
    for (const int64_t n : {2, 3, 255, 256, 257, 258, 70000}) {
        const Split split = random_split(n, 0.5, 13);
        const at::Tensor expected = at::randperm(n, at::detail::createCPUGenerator(13), at::kLong);
        EXPECT_TRUE(at::equal(at::cat({split.valid, split.train}), expected)) << n << " rows";
    }
}

TEST(RandomSplitter, refuses_what_is_no_part) {
    for (const double pct :
         {0.0, 1.0, -0.1, 1.5, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        EXPECT_THAT(message_of<UsageError>([&] { random_splitter(pct); }), HasSubstr("Invalid valid_pct"));
    }
}

TEST(RandomSplitter, refuses_an_empty_validation_part) {
    EXPECT_EQ(message_of<Error>([] { random_splitter(0.2)(table_of(4)); }),
              "The validation part would be empty: 0.2 of 4 rows is less than one");
    EXPECT_EQ(random_splitter(0.2)(table_of(5)).valid.numel(), 1);
}

TEST(IndexSplitter, gives_the_other_rows_to_training) {
    const Split split = index_splitter({3, 0})(table_of(5));
    EXPECT_TRUE(at::equal(split.valid, rows({0, 3})));
    EXPECT_TRUE(at::equal(split.train, rows({1, 2, 4})));
}

TEST(IndexSplitter, refuses_rows_that_are_not_there_or_twice) {
    EXPECT_THAT(message_of<Error>([] { index_splitter({5})(table_of(5)); }), HasSubstr("Row 5 cannot"));
    EXPECT_THAT(message_of<Error>([] { index_splitter({-1})(table_of(5)); }), HasSubstr("Row -1 cannot"));
    EXPECT_THAT(message_of<Error>([] { index_splitter({1, 1})(table_of(5)); }), HasSubstr("Row 1 is given twice"));
    EXPECT_EQ(message_of<Error>([] {
                  index_splitter({0, 1})(table_of(2));
              }),
              "No row is left for training: all 2 rows are for validation");
}

TEST(ColumnSplitter, reads_words_for_both_parts) {
    const Table table =
        Table::from_text({{"is_valid", {"True", "false", "1", "0", "YES", "no", "valid", "train", ""}}});
    const Split split = column_splitter()(table);
    EXPECT_TRUE(at::equal(split.valid, rows({0, 2, 4, 6})));
    EXPECT_TRUE(at::equal(split.train, rows({1, 3, 5, 7, 8})));
}

TEST(ColumnSplitter, names_a_word_it_does_not_know) {
    const Table table = Table::from_text({{"part", {"train", "test"}}});
    EXPECT_THAT(message_of<Error>([&] { column_splitter("part")(table); }),
                HasSubstr("row 2, column 'part': 'test' says neither training nor validation"));
    EXPECT_THAT(message_of<Error>([&] { column_splitter()(table); }), HasSubstr("no column 'is_valid'"));
}

}  // namespace splitters_test
}  // namespace embark
