#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../../../distributed/process_group.h"

namespace torch::nn {
class Module;
}

namespace embark {

struct TrainingState;

/// How GradientExchange packs.
struct GradientExchangeOptions {
    int64_t bucket_bytes = 25'000'000;
    /// Of large embeddings the touched rows alone travel, where that is less.
    bool sparse_embeddings = true;
};

/// Adds up the gradients of all processes. Those that the backward pass finishes first travel while it goes on: buckets
/// are filled in the reverse order of the parameters, and each is sent as soon as it and those before it are full. A
/// parameter that no process has a gradient of keeps none.
class GradientExchange {
public:
    /// Of the parameters of `state`'s optimizer that are trained, sharded tables apart. `state` must outlive it.
    GradientExchange(ProcessGroup& processes, const TrainingState& state, GradientExchangeOptions options);
    ~GradientExchange();
    GradientExchange(const GradientExchange&) = delete;
    GradientExchange& operator=(const GradientExchange&) = delete;

    /// A backward pass begins.
    void begin();
    /// It is over: sends what was not sent yet, and puts the sums in the gradients' place.
    void finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Puts the mean over all processes in the place of each floating-point buffer.
void average_buffers(ProcessGroup& processes, torch::nn::Module& module);

}  // namespace embark
