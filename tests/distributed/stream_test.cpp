#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/data/parquet/parquet.h>
#include <embark/data/table/table.h>

#include "fit_results.h"
#include "ranks.h"
#include "test_files.h"

namespace embark {
namespace stream_test {

using testing::expect_alike;
using testing::read_fit;
using testing::run_ranks_well;
using testing::TemporaryFolder;

constexpr int64_t kRows = 2'000;

/// Rows as a folder of two files with row groups of 90 rows, sorted so that no process sees all users or jobs.
class Stream : public ::testing::Test {
protected:
    TemporaryFolder folder_;

    void write(const std::string& name, const Table& table) const {
        std::filesystem::create_directories(folder_.path() / name);
        for (const auto& [file, begin, end] :
             {std::tuple("a.parquet", 0L, 1'200L), std::tuple("b.parquet", 1'200L, kRows)}) {
            write_parquet(folder_.path() / name / file, table.take(torch::arange(begin, end)), {.row_group_rows = 90});
        }
    }

    void write_ratings() const {
        const auto generator = at::detail::createCPUGenerator(5);
        const auto users = torch::arange(kRows).div(20, "floor") * 7;
        const auto items = torch::randint(60, {kRows}, generator, at::kLong) + 1000;
        const auto stars = ((users + items) % 5 + 1).to(at::kDouble);
        write("ratings",
              Table::of_rows(kRows).with_column("user", users).with_column("item", items).with_column("rating", stars));
    }

    void write_people() const {
        const auto generator = at::detail::createCPUGenerator(6);
        std::vector<std::string> jobs, incomes;
        for (int64_t row = 0; row < kRows; ++row) jobs.push_back(concat("job ", row / 100));
        const auto age = torch::randint(17, 90, {kRows}, generator, at::kLong);
        const auto hours = torch::randn({kRows}, generator, at::kDouble) * 10 + 40;
        for (int64_t row = 0; row < kRows; ++row) {
            incomes.push_back(age[row].item<int64_t>() + row / 100 > 60 ? "high" : "low");
        }
        write("people", Table::of_rows(kRows)
                            .with_column("job", jobs)
                            .with_column("age", age)
                            .with_column("hours", hours)
                            .with_column("income", incomes));
    }
};

// With all rows in one batch the order in which they come does not matter, so that several processes end as one does.
TEST_F(Stream, ratings_of_2_and_4_processes_come_to_what_one_does) {
    write_ratings();
    for (const int size : {1, 2, 4}) run_ranks_well("streamed_ratings", size, folder_.path());
    if (HasFailure()) return;
    const auto one = read_fit(folder_.path(), "1");
    EXPECT_EQ(one.at("model.user_factors.weight").size(0), 101);
    expect_alike(one, read_fit(folder_.path(), "2"), 1e-5);
    expect_alike(one, read_fit(folder_.path(), "4"), 1e-5);
}

TEST_F(Stream, a_table_of_2_and_4_processes_comes_to_what_it_does_with_one) {
    write_people();
    for (const int size : {1, 2, 4}) run_ranks_well("streamed_table", size, folder_.path());
    if (HasFailure()) return;
    const auto one = read_fit(folder_.path(), "1");
    EXPECT_EQ(one.at("model.embeds.0.weight").size(0), 21);
    expect_alike(one, read_fit(folder_.path(), "2"), 1e-5);
    expect_alike(one, read_fit(folder_.path(), "4"), 1e-5);
}

TEST_F(Stream, a_fit_of_shares_goes_on_from_a_checkpoint_to_the_bit) {
    write_ratings();
    for (const int size : {1, 2, 3}) {
        std::filesystem::remove_all(folder_.path() / "checkpoint");
        run_ranks_well("streamed_resumed", size, folder_.path());
        if (HasFailure()) return;
        expect_alike(read_fit(folder_.path(), "whole"), read_fit(folder_.path(), "resumed"), 0);
    }
}

}  // namespace stream_test
}  // namespace embark
