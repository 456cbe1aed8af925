#include <torch/types.h>

#include "../core/error.h"
#include "detail/settings.h"
#include "detail/state.h"
#include "optimizers.h"

namespace embark {

namespace {

const std::string kCount = "lookahead.count";
const std::string kSlow = ".slow_weight";

class Lookahead : public Optimizer {
public:
    Lookahead(std::unique_ptr<Optimizer> fast, const LookaheadOptions& options)
        : Optimizer(fast->groups(), {}), fast_(std::move(fast)), options_(options) {
        require<UsageError>(dynamic_cast<Lookahead*>(fast_.get()) == nullptr,
                            "lookahead cannot go around an optimizer that is a lookahead already, as ranger is");
        for (const auto& group : groups_) {
            parameters_.insert(parameters_.end(), group.parameters.begin(), group.parameters.end());
        }
    }

    void step() override {
        torch::NoGradGuard no_grad;
        if (slow_.empty()) {
            for (const auto& parameter : parameters_) slow_.push_back(parameter.tensor.detach().clone());
        }
        fast_->step();
        if (++count_ % options_.k == 0) synchronize();
    }

    std::map<std::string, at::Tensor> state() const override {
        auto state = fast_->state();
        if (slow_.empty()) return state;
        for (size_t i = 0; i < slow_.size(); ++i) state[parameters_[i].name + kSlow] = slow_[i];
        state[kCount] = torch::tensor(count_);
        return state;
    }

    void load_state(const std::map<std::string, at::Tensor>& state) override {
        std::map<std::string, at::Tensor> own, rest;
        for (const auto& [name, tensor] : state) (name == kCount || name.ends_with(kSlow) ? own : rest)[name] = tensor;
        StateReader reader("Lookahead", own);
        std::vector<at::Tensor> slow;
        int64_t count = 0;
        if (!own.empty()) {
            count = reader.take_count(kCount);
            for (const auto& parameter : parameters_) {
                const auto& tensor = parameter.tensor;
                slow.push_back(reader.take(parameter.name + kSlow, tensor.sizes(), tensor.options()));
            }
        }
        reader.finish();
        fast_->load_state(rest);  // the last that can fail
        slow_ = std::move(slow);
        count_ = count;
    }

    void weights_replaced() override {
        slow_.clear();  // the next step takes them from the parameters
        count_ = 0;
        fast_->weights_replaced();
    }

protected:
    void hyper_changed(const std::string& name) override {
        std::vector<double> values;
        for (const auto& group : groups_) values.push_back(group.hyper.at(name));
        fast_->set_hyper(name, values);
    }

private:
    void synchronize() {
        std::vector<at::Tensor> fast, slow;
        for (size_t i = 0; i < slow_.size(); ++i) {
            const auto& tensor = parameters_[i].tensor;
            // What was frozen since the last time stays as it is.
            if (!tensor.requires_grad() && !tensor.grad().defined()) continue;
            fast.push_back(tensor);
            slow.push_back(slow_[i]);
        }
        if (fast.empty()) return;
        at::_foreach_lerp_(slow, fast, options_.alpha);
        at::_foreach_copy_(fast, slow);
    }

    std::unique_ptr<Optimizer> fast_;
    LookaheadOptions options_;
    std::vector<Parameter> parameters_;  // of all groups
    std::vector<at::Tensor> slow_;       // for each of them; empty before the first step
    int64_t count_ = 0;
};

}  // namespace

OptimizerFactory lookahead(OptimizerFactory fast, const LookaheadOptions& options) {
    require<UsageError>(static_cast<bool>(fast), "lookahead needs an optimizer to go around, as in lookahead(sgd())");
    require<UsageError>(options.k >= 1, "Invalid k ", options.k, ": it must be at least 1");
    fraction("alpha", above_zero("alpha", options.alpha));
    return [fast = std::move(fast), options](std::vector<ParameterGroup> groups) {
        return std::make_unique<Lookahead>(fast(std::move(groups)), options);
    };
}

OptimizerFactory ranger(const RangerOptions& options) {
    return lookahead(radam({.momentum = options.momentum,
                            .sqr_momentum = options.sqr_momentum,
                            .eps = options.eps,
                            .weight_decay = options.weight_decay,
                            .beta = options.beta,
                            .decouple_wd = options.decouple_wd}),
                     {.k = options.k, .alpha = options.alpha});
}

}  // namespace embark
