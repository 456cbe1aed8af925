#include <atomic>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include "../../core/parallel.h"

namespace embark {
namespace {

/// Runs a test with a number of threads, and gives LibTorch its own number back.
class ParallelForEach : public ::testing::TestWithParam<int> {
protected:
    ParallelForEach() { at::set_num_threads(GetParam()); }
    ~ParallelForEach() override { at::set_num_threads(before_); }

private:
    int before_ = at::get_num_threads();
};

TEST_P(ParallelForEach, makes_every_call_once) {
    for (const int n : {0, 1, 2, 1000}) {
        std::vector<std::atomic<int>> calls(static_cast<size_t>(n));
        parallel_for_each(n, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
        for (const auto& count : calls) EXPECT_EQ(count, 1);
    }
}

TEST_P(ParallelForEach, throws_what_the_lowest_call_threw_after_all_calls) {
    std::atomic<int> calls = 0;
    try {
        parallel_for_each(100, [&](int64_t i) {
            ++calls;
            if (i % 10 == 7) fail("call ", i);
        });
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "call 7");
    }
    EXPECT_EQ(calls, 100);
}

INSTANTIATE_TEST_SUITE_P(threads, ParallelForEach, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace embark
