#pragma once

#include <cstdint>
#include <functional>

#include <c10/util/FunctionRef.h>

namespace embark {

// On as many threads as LibTorch's kernels may use, and on the same ones. at::parallel_for is not for Embark: it is a
// template that has threads in files alone that are compiled as LibTorch was, and else calls its work once.

/// Calls `work(begin, end)` for ranges that make up 0 to n − 1, each on a thread of its own and none of fewer than
/// `grain`, unless n is. LibTorch's kernels inside stay on the thread that calls them. Throws what one of the calls
/// threw, once all are done.
void parallel_for(int64_t n, int64_t grain, c10::function_ref<void(int64_t, int64_t)> work);

/// Calls `work(i)` once for each i from 0 to n − 1, in no order. Throws what the call of the lowest i threw, once all
/// calls are done.
void parallel_for_each(int64_t n, const std::function<void(int64_t)>& work);

}  // namespace embark
