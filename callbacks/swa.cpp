#include "swa.h"

#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include "../core/error.h"
#include "../core/tensors.h"
#include "../data/loaders/dataloaders.h"
#include "training_state.h"

namespace embark {

namespace {

/// The running statistics of a batch norm layer of any kind, which begin anew and take the mean over all batches while
/// this lives.
class RenewedStatistics {
public:
    template <class Norm>
    explicit RenewedStatistics(Norm& norm)
        : set_momentum_([&norm](std::optional<double> momentum) { norm.options.momentum(momentum); }),
          momentum_(norm.options.momentum()) {
        norm.reset_running_stats();
        set_momentum_(std::nullopt);
    }
    ~RenewedStatistics() {
        if (set_momentum_) set_momentum_(momentum_);
    }
    RenewedStatistics(RenewedStatistics&&) noexcept = default;
    RenewedStatistics& operator=(RenewedStatistics&&) = delete;

private:
    std::function<void(std::optional<double>)> set_momentum_;
    std::optional<double> momentum_;
};

template <class... Norms>
void renew(torch::nn::Module& module, std::vector<RenewedStatistics>& renewed) {
    const auto renew_if = [&](auto* norm) {
        if (norm != nullptr && norm->options.track_running_stats()) renewed.emplace_back(*norm);
    };
    (renew_if(module.as<Norms>()), ...);
}

}  // namespace

void update_bn(TrainingState& state, int64_t epoch) {
    std::vector<RenewedStatistics> renewed;
    for (const auto& module : state.model->modules()) {
        renew<torch::nn::BatchNorm1dImpl, torch::nn::BatchNorm2dImpl, torch::nn::BatchNorm3dImpl>(*module, renewed);
    }
    if (renewed.empty()) return;
    require(state.forward && state.dls, "Statistics of batch norm need the model's forward and its data");
    const torch::NoGradGuard no_grad;
    const at::Tensor random = rng_state();
    const bool was_training = state.model->is_training();
    state.model->train();
    for (const Batch& batch : state.dls->train().epoch(epoch)) state.forward(batch.inputs);
    state.model->train(was_training);
    set_rng_state(random);
}

StochasticWeightAveraging::StochasticWeightAveraging(SwaOptions options) : options_(options) {
    require<UsageError>(options.start_epoch.value_or(0) >= 0, "Invalid start_epoch ", options.start_epoch.value_or(0),
                        " of swa: it must be at least 0");
}

std::string StochasticWeightAveraging::settings() const {
    return concat(options_.start_epoch ? concat("start_epoch ", *options_.start_epoch) : "start after three quarters",
                  options_.update_bn ? ", update_bn" : "");
}

void StochasticWeightAveraging::before_fit(TrainingState& state) {
    AveragedWeights::before_fit(state);
    const int64_t start = options_.start_epoch.value_or(0);
    require<UsageError>(start == 0 || start < state.n_epoch, "Nothing would be averaged: swa starts at epoch ", start,
                        ", counted from 0, and the fit has ", state.n_epoch);
}

void StochasticWeightAveraging::after_train(TrainingState& state) {
    if (state.epoch < options_.start_epoch.value_or(state.n_epoch * 3 / 4)) return;
    update(1.0 / static_cast<double>(updates() + 1), Averaged::parameters);
    show_average();
    if (options_.update_bn) update_bn(state, state.epoch);
}

std::shared_ptr<StochasticWeightAveraging> swa(SwaOptions options) {
    return std::make_shared<StochasticWeightAveraging>(options);
}

}  // namespace embark
