#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../core/safetensors.h"
#include "../core/tensors.h"
#include "share.h"

namespace embark {

class StateDict;

/// How the values of all processes become one.
enum class Reduce {
    sum,  ///< of all processes' values, element by element
    max,  ///< the largest
    min   ///< the smallest
};

/// An exchange that is under way.
class Exchange {
public:
    /// Over already, as with one process.
    Exchange() = default;
    /// Over once `finish` returns, which is called once.
    explicit Exchange(std::function<void()> finish) : finish_(std::move(finish)) {}

    /// Waits for its end. Throws Error where a process was lost, and names it.
    void wait() {
        if (const auto finish = std::exchange(finish_, {})) finish();
    }

private:
    std::function<void()> finish_;
};

/// How processes work together on one fit: who has which share of the rows, what they exchange, who prints and saves,
/// when all stop. This class itself is the strategy of one process: it has the whole share, what it exchanges stays as
/// it is, and it decides for itself. ProcessGroup is that of several processes. A strategy of your own, over another
/// library's messages, overrides the five functions of the first group, on which all others are built, and is given to
/// a Learner by DataParallelOptions::strategy.
///
/// Every process must call the functions that exchange something, in the same order. Not thread-safe.
class Strategy {
public:
    Strategy() = default;
    virtual ~Strategy();
    Strategy(const Strategy&) = delete;
    Strategy& operator=(const Strategy&) = delete;

    /// The strategy of the processes that the environment names (see launch_environment), one for the whole program,
    /// made at the first call; that of one process where the environment names no others. Throws what ProcessGroup
    /// throws.
    static std::shared_ptr<Strategy> from_environment();

    /// Which part of the work is this process's. Rank 0 is the main process.
    virtual Share share() const { return {}; }
    /// Begins to put the sum (…) of all processes' values in the place of each one's, all with the same bits, while
    /// this process goes on; `values` must be contiguous, on the CPU and left alone until the end.
    virtual Exchange start_all_reduce(const at::Tensor& values, Reduce how = Reduce::sum);
    /// Puts the values of rank `from` in the place of everyone's.
    virtual void broadcast(at::Tensor& values, int64_t from = 0);
    /// Everyone's rows, by rank: tensors of the same type and shape. On the CPU.
    virtual Tensors all_gather_equal(const at::Tensor& rows);
    /// Rank r gets the r-th of these tensors, and this process what every other has for it, by rank: to_get[r] rows
    /// from rank r; tensors that differ in their first dimension alone. On the CPU.
    virtual Tensors all_to_all(const Tensors& rows, const std::vector<int64_t>& to_get);
    /// Bytes of data that this process sent so far, as the algorithms have it: 2(W−1)/W of an all_reduce's, W−1 times
    /// an all_gather's among W processes.
    virtual int64_t bytes_sent() const { return 0; }

    /// Whether this is the process that prints, logs and saves for all: rank 0.
    bool is_main_process() const { return share().rank == 0; }
    /// Whether this process sees all there is, so that it may decide by itself, and at once.
    bool decides_alone() const { return share().is_whole(); }

    /// As start_all_reduce(), over when it returns; of values on any device.
    void all_reduce(at::Tensor& values, Reduce how = Reduce::sum);
    /// The sum (…) of all processes' numbers.
    double all_reduce(double value, Reduce how = Reduce::sum);
    /// Whether `here` is true in any process.
    bool any(bool here) { return all_reduce(here ? 1 : 0, Reduce::max) > 0; }
    /// The text of rank `from`, in every process.
    std::string broadcast(const std::string& text, int64_t from = 0);
    /// The main process's content in every process: tensors on the CPU.
    TensorFile broadcast(const TensorFile& content);
    /// As all_gather_equal(), of any number of rows each, in one exchange more.
    Tensors all_gather(const at::Tensor& rows);
    /// Every process's text, by rank.
    std::vector<std::string> all_gather(const std::string& text);
    /// As above, where nobody knows yet how many rows come, in one exchange more.
    Tensors all_to_all(const Tensors& rows);
    /// Waits until every process has come here.
    void barrier() { all_reduce(0.0); }

    /// What `read` gives the main process, in every process. What it throws ends all of them with one message, here
    /// and below: a UsageError as such.
    TensorFile read_by_main_process(const std::function<TensorFile()>& read);
    /// Lets the main process write, while the others wait.
    void write_by_main_process(const std::function<void()>& write);
    /// Lets every process do its part of `work`.
    void run_in_all(const std::function<void()>& work);

    /// The states of this thread's random numbers in all processes, a row each; the state itself of one process.
    at::Tensor rng_states();
    /// Goes on with those of as many processes, or of one; with those of another number each goes on by itself.
    void set_rng_states(const at::Tensor& saved) const;

    /// Adds to what tells one fit from others that a checkpoint may go on with: how many processes train, where they
    /// are several.
    void identify(StateDict& fit) const;

    /// Agreed stops: before each batch, whether this process was asked to stop.
    void propose_stop(bool asked) {
        stop_proposed_ = asked;
        stop_agreed_ = false;
    }
    /// For who exchanges something within the batch: what this process proposed.
    bool stop_proposed() const { return stop_proposed_; }
    /// For who exchanges something within the batch: all know now of a process that was asked to stop.
    void agree_on_stop() { stop_agreed_ = true; }
    /// After the batch: whether the fit ends with it, where this process is asked to stop by now as `asked` says. One
    /// process obeys; several end with the training batch in which all know of one that was asked.
    bool stops(bool asked) const { return decides_alone() ? asked : stop_agreed_; }

private:
    /// Throws Error where there are several processes, for an exchange that their strategy does not override.
    void require_alone(const char* exchange) const;

    bool stop_proposed_ = false;
    bool stop_agreed_ = false;
};

}  // namespace embark
