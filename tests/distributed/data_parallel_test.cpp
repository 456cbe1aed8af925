#include <embark/callbacks/parallel/data_parallel.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/state_dict.h>

#include "fit_results.h"
#include "ranks.h"
#include "test_files.h"

namespace embark {
namespace data_parallel_test {

using ::testing::AllOf;
using testing::expect_alike;
using testing::FitResult;
using ::testing::HasSubstr;
using testing::message_of;
using testing::run_ranks;
using testing::run_ranks_well;
using testing::TemporaryFolder;

FitResult read(const TemporaryFolder& folder, const std::string& name) {
    return testing::read_fit(folder.path(), name);
}

/// What the scenario comes to with several processes is what one comes to.
class SameAsOneProcess : public ::testing::TestWithParam<std::string> {};

TEST_P(SameAsOneProcess, with_2_and_4_processes) {
    const TemporaryFolder folder;
    for (const int size : {1, 2, 4}) run_ranks_well(GetParam(), size, folder.path());
    if (HasFailure()) return;
    const auto one = read(folder, "1");
    expect_alike(one, read(folder, "2"), 1e-5);
    expect_alike(one, read(folder, "4"), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(DataParallel, SameAsOneProcess,
                         ::testing::Values("fused", "autograd", "small_buckets", "lazy", "padded", "clipped",
                                           "accumulated", "table", "best_model", "nan", "own_strategy", "penalty",
                                           "weighted_classes", "weighted_accumulated", "unfrozen"),
                         [](const auto& info) { return info.param; });

TEST(DataParallel, synchronised_batch_norm_sees_the_rows_of_all) {
    const TemporaryFolder folder;
    for (const auto& [scenario, tolerance] : {std::pair("batch_norm", 1e-9), std::pair("batch_norm_step", 1e-6)}) {
        for (const int size : {1, 2, 4}) run_ranks_well(scenario, size, folder.path());
        if (HasFailure()) return;
        auto one = read(folder, "1");
        for (const char* several : {"2", "4"}) expect_alike(one, read(folder, several), tolerance);
    }
}

TEST(DataParallel, resumes_a_fit_that_one_process_was_asked_to_stop) {
    const TemporaryFolder folder;
    run_ranks_well("resumed", 2, folder.path());
    if (HasFailure()) return;
    expect_alike(read(folder, "whole"), read(folder, "resumed"), 0);
}

TEST(DataParallel, a_stop_asked_of_one_process_ends_fine_tune_in_all) {
    const TemporaryFolder folder;
    run_ranks_well("fine_tuned", 2, folder.path());
}

TEST(DataParallel, batch_norm_can_do_with_one_row_of_a_process) {
    const TemporaryFolder folder;
    for (const int size : {2, 3, 4}) run_ranks_well("one_row", size, folder.path());
}

TEST(DataParallel, who_prints_and_saves_is_known_of_a_strategy_for_one_fit) {
    const TemporaryFolder folder;
    run_ranks_well("for_one_fit", 2, folder.path());
}

TEST(DataParallel, refuses_processes_that_would_train_something_else) {
    const TemporaryFolder folder;
    const auto expect_refusal = [&](const std::string& scenario, const std::string& message) {
        for (const auto& result : run_ranks(scenario, 2, folder.path())) {
            EXPECT_EQ(result.code, 1);
            EXPECT_THAT(result.output, AllOf(HasSubstr("Rank 1 cannot train together with rank 0, it differs in: "),
                                             HasSubstr(message)));
        }
    };
    expect_refusal("other_data", "number of training rows (500, where rank 0 has 501)");
    expect_refusal("other_values", "content of the validation rows (checksum ");
    expect_refusal("other_model", "where rank 0 has none");
}

TEST(DataParallel, sends_of_a_large_table_the_touched_rows_alone) {
    const TemporaryFolder folder;
    run_ranks_well("large_table", 2, folder.path());
    if (HasFailure()) return;
    const auto bytes = read(folder, "bytes").at("bytes");
    const double sparse = bytes[0].item<double>(), dense = bytes[1].item<double>();
    RecordProperty("sparse", std::to_string(sparse));
    RecordProperty("dense", std::to_string(dense));
    EXPECT_GE(dense, 32e6);
    EXPECT_LE(sparse, 0.02 * dense);
}

TEST(DataParallel, does_nothing_alone_and_refuses_a_bucket_of_no_size) {
    EXPECT_TRUE(data_parallel()->strategy()->decides_alone());
    EXPECT_EQ(message_of<UsageError>([] { data_parallel({.bucket_mb = 0}); }),
              "Invalid bucket_mb 0: it must be a number above 0");
}

}  // namespace data_parallel_test
}  // namespace embark
