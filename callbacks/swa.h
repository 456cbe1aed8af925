#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "averaged_weights.h"

namespace embark {

/// Settings of StochasticWeightAveraging.
struct SwaOptions {
    /// The first epoch, counted from 0, whose weights count; empty: after three quarters of the epochs, as in the
    /// paper.
    std::optional<int64_t> start_epoch = {};
    /// Where the model has batch norm, find its statistics anew for the averaged weights, by a pass over an epoch's
    /// training batches after each epoch that counts.
    bool update_bn = true;
};

/// The mean of the weights at the ends of the last epochs, all counting the same (Izmailov et al. 2018,
/// arXiv:1803.05407): PyTorch's torch.optim.swa_utils.AveragedModel, whose buffers are the model's own, and update_bn.
/// The learning rate is that of the fit: fit(), or fit_flat_cos(), leave it high for longer than one-cycle. Epochs
/// before the start are validated and saved with the weights at hand.
class StochasticWeightAveraging : public AveragedWeights {
public:
    /// Throws UsageError for a negative start.
    explicit StochasticWeightAveraging(SwaOptions options = {});
    std::string name() const override { return "swa"; }
    std::string settings() const override;

    /// Throws UsageError for a start behind the last epoch.
    void before_fit(TrainingState& state) override;
    void after_train(TrainingState& state) override;

private:
    SwaOptions options_;
};

/// A StochasticWeightAveraging, as something to give a Learner.
std::shared_ptr<StochasticWeightAveraging> swa(SwaOptions options = {});

/// PyTorch's update_bn: statistics of all batch norm layers from a pass over the training batches of epoch `epoch`,
/// with equal weights of all batches; random numbers are afterwards as they were. Nothing happens without such layers.
void update_bn(TrainingState& state, int64_t epoch);

}  // namespace embark
