#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../core/tensors.h"
#include "process_group_options.h"

namespace embark {

/// How the values of all processes become one.
enum class Reduce { sum, max, min };

/// An exchange that is under way.
class Exchange {
public:
    /// Over already, as with one process.
    Exchange();
    ~Exchange();
    Exchange(Exchange&&) noexcept;
    Exchange& operator=(Exchange&&) noexcept;

    /// Waits for its end. Throws Error where a process was lost, and names it.
    void wait();

private:
    friend class ProcessGroup;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The processes that train together, and what they exchange: LibTorch's own process group on Gloo, as torchrun starts
/// it. Every process must call the same functions in the same order. Not thread-safe.
///
/// Where a process died or hangs, the exchange throws an Error that names it, within the time-out: at once where its
/// connection broke.
class ProcessGroup {
public:
    /// Meets the others, at most for `options.timeout` seconds. Throws UsageError for options that cannot be right,
    /// Error where the port is taken, or not all processes came, and says which did not.
    explicit ProcessGroup(ProcessGroupOptions options);
    ~ProcessGroup();
    ProcessGroup(const ProcessGroup&) = delete;
    ProcessGroup& operator=(const ProcessGroup&) = delete;

    /// This program's group as the environment has it (see launch_environment), made at the first call; null where it
    /// says that this is the only process.
    static std::shared_ptr<ProcessGroup> from_environment();

    int64_t rank() const { return options_.rank; }
    int64_t size() const { return options_.size; }
    /// Whether this is the process that prints, logs and saves for all: rank 0.
    bool is_main_process() const { return options_.rank == 0; }
    const ProcessGroupOptions& options() const { return options_; }

    /// Puts the sum (…) of all processes' values in the place of each one's. All get the same bits.
    void all_reduce(at::Tensor& values, Reduce how = Reduce::sum);
    /// The same, while this process goes on; `values` must be contiguous, on the CPU and left alone until the end.
    Exchange start_all_reduce(const at::Tensor& values, Reduce how = Reduce::sum);
    double all_reduce(double value, Reduce how = Reduce::sum);

    /// Puts rank `from`'s values in the place of everyone's.
    void broadcast(at::Tensor& values, int64_t from = 0);
    std::string broadcast(const std::string& text, int64_t from = 0);

    /// Everyone's rows, by rank: tensors alike but in their first dimension. On the CPU.
    Tensors all_gather(const at::Tensor& rows);
    std::vector<std::string> all_gather(const std::string& text);
    /// The same in one exchange rather than two, where all have as many rows.
    Tensors all_gather_equal(const at::Tensor& rows);

    /// Rank r gets the r-th of these tensors, and this process what every other had for it, by rank; tensors alike but
    /// in their first dimension. On the CPU.
    Tensors all_to_all(const Tensors& rows);
    /// The same in one exchange rather than two, where it is known how many rows come: to_get[r] of rank r.
    Tensors all_to_all(const Tensors& rows, const std::vector<int64_t>& to_get);

    /// Waits until every process has come here.
    void barrier();

    /// Bytes of data that this process sent so far, as the algorithms have it: 2(W−1)/W of an all_reduce's, W−1 times
    /// an all_gather's among W processes.
    int64_t bytes_sent() const { return bytes_sent_; }

private:
    friend class Exchange;
    struct Impl;
    /// Everyone's lengths of what it has for this process, by rank.
    std::vector<int64_t> lengths_for_me(const Tensors& rows);
    ProcessGroupOptions options_;
    int64_t bytes_sent_ = 0;
    std::unique_ptr<Impl> impl_;
};

}  // namespace embark
