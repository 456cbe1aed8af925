#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "process_group_options.h"
#include "strategy.h"

namespace embark {

/// The strategy of several processes: LibTorch's own process group on Gloo, as torchrun starts it.
///
/// Where a process died or hangs, the exchange throws an Error that names it, within the time-out: at once where its
/// connection broke.
class ProcessGroup : public Strategy {
public:
    /// Meets the others, at most for `options.timeout` seconds. Throws UsageError for options that cannot be right,
    /// Error where the port is taken, or not all processes came, and says which did not.
    explicit ProcessGroup(ProcessGroupOptions options);
    ~ProcessGroup() override;

    /// This program's group as the environment has it (see launch_environment), made at the first call; null where it
    /// says that this is the only process.
    static std::shared_ptr<ProcessGroup> from_environment();

    /// This process, from 0.
    int64_t rank() const { return options_.rank; }
    /// How many processes there are.
    int64_t size() const { return options_.size; }
    /// What the constructor was given.
    const ProcessGroupOptions& options() const { return options_; }

    Share share() const override { return {.rank = rank(), .size = size()}; }
    using Strategy::all_to_all;
    using Strategy::broadcast;
    Exchange start_all_reduce(const at::Tensor& values, Reduce how = Reduce::sum) override;
    void broadcast(at::Tensor& values, int64_t from = 0) override;
    Tensors all_gather_equal(const at::Tensor& rows) override;
    Tensors all_to_all(const Tensors& rows, const std::vector<int64_t>& to_get) override;
    int64_t bytes_sent() const override { return bytes_sent_; }

private:
    struct Impl;
    ProcessGroupOptions options_;
    int64_t bytes_sent_ = 0;
    std::unique_ptr<Impl> impl_;
};

}  // namespace embark
