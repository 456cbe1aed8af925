#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../../../core/state_dict.h"
#include "../../../distributed/strategy.h"

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
    GradientExchange(Strategy& strategy, const TrainingState& state, GradientExchangeOptions options);
    ~GradientExchange();
    GradientExchange(const GradientExchange&) = delete;
    GradientExchange& operator=(const GradientExchange&) = delete;

    /// Whether the parameters that are trained by now are those that it was made for.
    bool is_of_trained_parameters() const;

    /// A backward pass begins.
    void begin();
    /// It is over: sends what was not sent yet, and puts the sums in the gradients' place.
    void finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Gradients that are being accumulated: of several processes, the sums of all their parts. A sparse one of one process
/// is two tensors, under its name with these ends. Throws Error for those of sharded tables.
inline constexpr const char* kSparseRows = ".sparse_rows";
inline constexpr const char* kSparseValues = ".sparse_values";
StateDict accumulated_gradients(const TrainingState& state);

/// Whether both lists hold the very same tensors.
bool same_tensors(const Tensors& a, const Tensors& b);

/// Puts the mean over all processes in the place of each floating-point buffer.
void average_buffers(Strategy& strategy, torch::nn::Module& module);

}  // namespace embark
