#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "../../../distributed/share.h"
#include "../batch.h"

namespace embark {

/// Makes batches on threads of its own, ahead of who takes them in order.
class BatchesAhead {
public:
    /// What remains to be done for a batch, at the same time as others; it may give up where it is asked to stop.
    using Work = std::function<Batch(const std::stop_token&)>;

    /// Calls `begin(i)` for one batch after the other, i from batches.begin to before batches.end, and does the work it
    /// gives on `workers` threads, at most `ahead` batches before the one to be taken; in take() where there are none.
    BatchesAhead(RowRange batches, int64_t workers, int64_t ahead, std::function<Work(int64_t)> begin);
    /// Asks the threads to stop, and waits for them.
    ~BatchesAhead();

    /// The number of the batch that take() gives.
    int64_t next() const { return next_; }
    /// Throws what making it threw.
    Batch take();

private:
    struct Made {
        Batch batch;
        std::exception_ptr problem;
    };

    void work(const std::stop_token& stop);
    bool wait_for_room(const std::stop_token& stop, int64_t& i);

    int64_t end_, ahead_, next_, begun_;
    std::function<Work(int64_t)> begin_;
    std::mutex begin_mutex_;  // held while a batch is begun, so that they are in order
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<int64_t, Made> made_;
    std::latch started_;
    std::vector<std::jthread> threads_;
};

}  // namespace embark
