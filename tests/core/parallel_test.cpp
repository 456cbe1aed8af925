#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include "../../core/detail/parallel.h"

namespace embark {
namespace parallel_test {

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

TEST_P(ParallelForEach, threads_work_at_the_same_time) {
    // Each call waits until as many are under way as there are threads; one thread alone would wait in vain.
    const int threads = GetParam();
    std::atomic<int> begun = 0, met = 0;
    parallel_for_each(threads, [&](int64_t) {
        ++begun;
        const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (begun < threads && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
        if (begun == threads) ++met;
    });
    EXPECT_EQ(met, threads);
}

TEST_P(ParallelForEach, ranges_make_up_the_whole_and_are_worth_a_thread) {
    for (const int64_t n : {0, 1, 9, 10, 39, 40, 1000}) {
        std::vector<std::atomic<int>> calls(static_cast<size_t>(n));
        std::atomic<int> ranges = 0;
        parallel_for(n, /*grain=*/10, [&](int64_t begin, int64_t end) {
            ++ranges;
            EXPECT_GE(end - begin, std::min<int64_t>(n, 10));
            for (int64_t i = begin; i < end; ++i) ++calls[static_cast<size_t>(i)];
        });
        for (const auto& count : calls) EXPECT_EQ(count, 1);
        EXPECT_EQ(ranges, n == 0 ? 0 : std::max<int64_t>(1, std::min<int64_t>(GetParam(), n / 10)));
    }
}

TEST_P(ParallelForEach, inside_another_it_is_one_thread) {
    std::atomic<int> ranges = 0;
    parallel_for_each(4, [&](int64_t) { parallel_for(100, /*grain=*/1, [&](int64_t, int64_t) { ++ranges; }); });
    EXPECT_EQ(ranges, 4);
}

INSTANTIATE_TEST_SUITE_P(threads, ParallelForEach, ::testing::Values(1, 2, 4));

}  // namespace parallel_test
}  // namespace embark
