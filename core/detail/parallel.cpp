#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <c10/util/ParallelGuard.h>

namespace embark {

namespace {

/// Calls `work(i)` for each i from 0 to n − 1, of which there are no more than threads. LibTorch's loop over the
/// numbers of a tensor is compiled inside it, so that it has its threads; here there is a number for each call.
void call_on_threads(int64_t n, c10::function_ref<void(int64_t)> work) {
    at::Tensor numbers = at::empty({n}, at::kByte);
    const auto* first = static_cast<const char*>(numbers.const_data_ptr());
    const auto loop = [&](char** at, const int64_t* strides, int64_t count, int64_t) {
        for (int64_t i = 0; i < count; ++i) work(*at + i * strides[0] - first);
    };
    at::TensorIterator::nullary_op(numbers).for_each(loop, /*grain_size=*/1);
}

}  // namespace

void parallel_for(int64_t n, int64_t grain, c10::function_ref<void(int64_t, int64_t)> work) {
    if (n <= 0) return;
    const bool alone = n / grain < 2 || at::in_parallel_region();
    const int64_t threads = alone ? 1 : std::min<int64_t>(n / grain, at::get_num_threads());
    if (threads > 1) {
        return call_on_threads(threads, [&](int64_t i) { work(n * i / threads, n * (i + 1) / threads); });
    }
    const c10::ParallelGuard guard(true);
    work(0, n);
}

void parallel_for_each(int64_t n, const std::function<void(int64_t)>& work) {
    std::vector<std::exception_ptr> problems(static_cast<size_t>(n));
    std::atomic<int64_t> next = 0;
    // Calls may take very different times, so that each thread takes the next one when it is done with the last.
    const auto take_calls = [&](int64_t, int64_t) {
        for (int64_t i = next++; i < n; i = next++) {
            try {
                work(i);
            } catch (...) {
                problems[static_cast<size_t>(i)] = std::current_exception();
            }
        }
    };
    parallel_for(n, /*grain=*/1, take_calls);
    for (const auto& problem : problems) {
        if (problem) std::rethrow_exception(problem);
    }
}

}  // namespace embark
