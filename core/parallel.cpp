#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <vector>

#include <ATen/Parallel.h>

namespace embark {

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
    at::parallel_for(0, std::min<int64_t>(n, at::get_num_threads()), /*grain_size=*/1, take_calls);
    for (const auto& problem : problems) {
        if (problem) std::rethrow_exception(problem);
    }
}

}  // namespace embark
