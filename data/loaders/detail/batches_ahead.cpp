#include "batches_ahead.h"

#include <utility>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "../../../core/error.h"

namespace embark {

namespace {

/// LibTorch's loops on this thread stay on it: those of workers would otherwise have threads of their own, which spin
/// beside those that train. The same without workers, since a sum over several threads has other last digits.
class OnOneThread {
public:
    OnOneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
    ~OnOneThread() { at::set_num_threads(before_); }
    OnOneThread(const OnOneThread&) = delete;
    OnOneThread& operator=(const OnOneThread&) = delete;

private:
    int before_;
};

}  // namespace

BatchesAhead::BatchesAhead(RowRange batches, int64_t workers, int64_t ahead, std::function<Work(int64_t)> begin)
    : end_(batches.end),
      ahead_(ahead),
      next_(batches.begin),
      begun_(batches.begin),
      begin_(std::move(begin)),
      started_(workers) {
    const int threads = at::get_num_threads();
    for (int64_t i = 0; i < workers; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
    started_.wait();
    if (workers > 0) at::set_num_threads(threads);  // which workers have set for threads that are still to come, too
}

BatchesAhead::~BatchesAhead() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
}

Batch BatchesAhead::take() {
    require(next_ < end_, "There is no batch ", next_, " in a pass of ", end_);
    if (threads_.empty()) {
        const at::NoGradGuard no_grad;
        const OnOneThread alone;
        return begin_(next_++)({});
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return made_.contains(next_); });
    Made made = std::move(made_.extract(next_++).mapped());
    lock.unlock();
    changed_.notify_all();
    if (made.problem) std::rethrow_exception(made.problem);
    return std::move(made.batch);
}

bool BatchesAhead::wait_for_room(const std::stop_token& stop, int64_t& i) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return begun_ == end_ || begun_ < next_ + ahead_; });
    if (stop.stop_requested() || begun_ == end_) return false;
    i = begun_++;
    return true;
}

void BatchesAhead::work(const std::stop_token& stop) {
    const at::NoGradGuard no_grad;
    at::get_num_threads();  // sets this thread's number when it is first called
    at::set_num_threads(1);
    started_.count_down();
    while (true) {
        int64_t i = 0;
        Made made;
        std::unique_lock beginning(begin_mutex_);
        if (!wait_for_room(stop, i)) return;
        try {
            const Work rest = begin_(i);
            beginning.unlock();
            made.batch = rest(stop);
        } catch (...) {
            made.problem = std::current_exception();
        }
        if (beginning.owns_lock()) beginning.unlock();
        const std::lock_guard lock(mutex_);
        made_.emplace(i, std::move(made));
        changed_.notify_all();
    }
}

}  // namespace embark
