#pragma once

#include <cstdint>
#include <functional>

namespace embark {

/// Calls `work(i)` once for each i from 0 to n − 1, in no order, on as many threads as LibTorch's kernels may use; the
/// kernels that `work` calls stay on the thread that called them. Throws what the call of the lowest i threw, once all
/// calls are done.
void parallel_for_each(int64_t n, const std::function<void(int64_t)>& work);

}  // namespace embark
