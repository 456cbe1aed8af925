#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/optim.h>

#include "optimizer.h"

namespace embark {

namespace detail {

/// Calls `visit(name, value)` with a reference to each hyper-parameter that an option type of LibTorch has, by fastai's
/// names. Momentum counts only where it is in use: a schedule must not switch it on in plain SGD.
template <class Options, class Visit>
void visit_hypers(Options& options, Visit visit) {
    visit("lr", options.lr());
    if constexpr (requires { options.weight_decay(); }) visit("wd", options.weight_decay());
    if constexpr (requires { options.eps(); }) visit("eps", options.eps());
    if constexpr (requires { options.momentum(); }) {
        if (options.momentum() != 0) visit("mom", options.momentum());
    }
    if constexpr (requires { options.betas(); }) {
        visit("mom", std::get<0>(options.betas()));
        visit("sqr_mom", std::get<1>(options.betas()));
    }
}

/// The state of an optimizer of torch::optim by the parameters' names, and the way back; see Optimizer::state. Throws
/// Error for an optimizer other than SGD, Adam, AdamW, RMSprop and Adagrad that has a state, or is to take one over.
std::map<std::string, at::Tensor> torch_state(torch::optim::Optimizer& optimizer,
                                              const std::vector<ParameterGroup>& groups);
void load_torch_state(torch::optim::Optimizer& optimizer, const std::vector<ParameterGroup>& groups,
                      const std::map<std::string, at::Tensor>& state);

}  // namespace detail

/// Any optimizer of torch::optim as an Embark optimizer: its state is LibTorch's, its hyper-parameters can be
/// scheduled by fastai's names. Parameters whose weight decay is not their group's are in groups of their own.
template <class TorchOptimizer, class TorchOptions>
class TorchOptimizerAdapter : public Optimizer {
public:
    /// Of `options` as torch::optim takes them; a group's own hyper-parameters go before them.
    TorchOptimizerAdapter(std::vector<ParameterGroup> groups, const TorchOptions& options)
        : Optimizer(std::move(groups), defaults_of(options)) {
        std::vector<torch::optim::OptimizerParamGroup> torch_groups;
        for (size_t g = 0; g < groups_.size(); ++g) {
            std::map<std::optional<double>, std::vector<at::Tensor>> by_decay;
            for (const auto& parameter : groups_[g].parameters) {
                const auto none = parameter.decay ? std::optional<double>() : 0;
                by_decay[parameter.weight_decay ? parameter.weight_decay : none].push_back(parameter.tensor);
            }
            for (auto& [own_decay, tensors] : by_decay) {
                torch_groups.emplace_back(std::move(tensors), std::make_unique<TorchOptions>(options));
                parts_.push_back({g, own_decay});
            }
        }
        optimizer_ = std::make_unique<TorchOptimizer>(std::move(torch_groups), options);
        pass_hypers_on();
    }

    void step() override { optimizer_->step(); }

    std::map<std::string, at::Tensor> state() const override { return detail::torch_state(*optimizer_, groups_); }
    void load_state(const std::map<std::string, at::Tensor>& state) override {
        detail::load_torch_state(*optimizer_, groups_, state);
    }

protected:
    void hyper_changed(const std::string&) override { pass_hypers_on(); }

private:
    void pass_hypers_on() {
        for (size_t i = 0; i < parts_.size(); ++i) {
            const auto& hyper = groups_[parts_[i].group].hyper;
            auto& options = static_cast<TorchOptions&>(optimizer_->param_groups()[i].options());
            detail::visit_hypers(options, [&](const char* name, double& value) { value = hyper.at(name); });
            if constexpr (requires { options.weight_decay(); }) {
                if (parts_[i].own_decay) options.weight_decay(*parts_[i].own_decay);
            }
        }
    }

    static HyperParameters defaults_of(TorchOptions options) {
        HyperParameters defaults;
        detail::visit_hypers(options, [&](const char* name, double& value) { defaults[name] = value; });
        return defaults;
    }

    struct Part {
        size_t group;
        std::optional<double> own_decay;  // empty: the group's
    };
    std::vector<Part> parts_;  // what each of LibTorch's groups holds
    std::unique_ptr<TorchOptimizer> optimizer_;
};

/// An optimizer of torch::optim, or one derived from torch::optim::Optimizer, for a Learner:
/// `.optimizer = torch_optimizer<torch::optim::SGD>(torch::optim::SGDOptions(0.1).momentum(0.9))`. Saved and resumed
/// are those of LibTorch; one of your own trains, and saving its state is an Error (see UpdateRule for one that is
/// saved).
template <class TorchOptimizer, class TorchOptions>
OptimizerFactory torch_optimizer(const TorchOptions& options) {
    static_assert(
        requires(TorchOptimizer & optimizer) { optimizer.step(); },
        "torch_optimizer is for optimizers whose step() takes no closure: LBFGS cannot be one, since a batch "
        "has one backward pass");
    return [options](std::vector<ParameterGroup> groups) {
        return std::make_unique<TorchOptimizerAdapter<TorchOptimizer, TorchOptions>>(std::move(groups), options);
    };
}

}  // namespace embark
