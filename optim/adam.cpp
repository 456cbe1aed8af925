#include <cmath>

#include <torch/torch.h>

#include "../core/error.h"
#include "optimizer.h"
#include "state.h"

namespace embark {

namespace {

void check(const AdamOptions& options) {
    const auto in = [](double value, double low, double high) { return value >= low && value < high; };
    require<UsageError>(in(options.momentum, 0, 1), "Invalid momentum ", options.momentum, ": it must be in [0, 1)");
    require<UsageError>(in(options.sqr_momentum, 0, 1), "Invalid sqr_momentum ", options.sqr_momentum,
                        ": it must be in [0, 1)");
    require<UsageError>(options.eps > 0 && std::isfinite(options.eps), "Invalid eps ", options.eps,
                        ": it must be above 0");
}

class Adam : public Optimizer {
public:
    Adam(std::vector<ParameterGroup> groups, const HyperParameters& defaults) : Optimizer(std::move(groups), defaults) {
        moments_.resize(groups_.size());
        for (size_t g = 0; g < groups_.size(); ++g) moments_[g].resize(groups_[g].parameters.size());
    }

    void step() override {
        torch::NoGradGuard no_grad;
        for (size_t g = 0; g < groups_.size(); ++g) {
            // The kernel takes one weight decay a call.
            step_group(g, /*decay=*/true);
            step_group(g, /*decay=*/false);
        }
    }

    std::map<std::string, at::Tensor> state() const override {
        std::map<std::string, at::Tensor> state;
        visit([&](const Parameter& parameter, const Moments& moments) {
            if (!moments.step.defined()) return;
            state[parameter.name + ".grad_avg"] = moments.grad_avg;
            state[parameter.name + ".sqr_avg"] = moments.sqr_avg;
            state[parameter.name + ".step"] = moments.step;
        });
        return state;
    }

    void load_state(const std::map<std::string, at::Tensor>& state) override {
        StateReader reader("Adam", state);
        std::vector<std::vector<Moments>> loaded = moments_;
        for (size_t g = 0; g < groups_.size(); ++g) {
            for (size_t i = 0; i < groups_[g].parameters.size(); ++i) {
                const auto& [name, tensor, decay, norm] = groups_[g].parameters[i];
                loaded[g][i] = {};
                // A parameter that never had a gradient has no state.
                if (!reader.has_any(name, {"grad_avg", "sqr_avg", "step"})) continue;
                loaded[g][i].grad_avg = reader.take(name + ".grad_avg", tensor.sizes(), tensor.options());
                loaded[g][i].sqr_avg = reader.take(name + ".sqr_avg", tensor.sizes(), tensor.options());
                loaded[g][i].step = reader.take(name + ".step", {}, tensor.options().dtype(at::kFloat));
            }
        }
        reader.finish();
        moments_ = std::move(loaded);
    }

private:
    struct Moments {
        at::Tensor grad_avg, sqr_avg, step;
    };

    template <class Visitor>
    void visit(Visitor visitor) const {
        for (size_t g = 0; g < groups_.size(); ++g) {
            for (size_t i = 0; i < groups_[g].parameters.size(); ++i) {
                visitor(groups_[g].parameters[i], moments_[g][i]);
            }
        }
    }

    void step_group(size_t g, bool decay) {
        clear_lists();
        for (size_t i = 0; i < groups_[g].parameters.size(); ++i) {
            const auto& parameter = groups_[g].parameters[i];
            if (parameter.decay != decay || !parameter.tensor.grad().defined()) continue;
            Moments& moments = moments_[g][i];
            if (!moments.step.defined()) {
                moments.grad_avg = torch::zeros_like(parameter.tensor);
                moments.sqr_avg = torch::zeros_like(parameter.tensor);
                moments.step = torch::zeros({}, parameter.tensor.options().dtype(at::kFloat).requires_grad(false));
            }
            parameters_.push_back(parameter.tensor);
            gradients_.push_back(parameter.tensor.grad());
            grad_avgs_.push_back(moments.grad_avg);
            sqr_avgs_.push_back(moments.sqr_avg);
            steps_.push_back(moments.step);
        }
        if (parameters_.empty()) return;
        const auto& hyper = groups_[g].hyper;
        at::_foreach_add_(steps_, 1);
        at::_fused_adamw_(parameters_, gradients_, grad_avgs_, sqr_avgs_, /*max_exp_avg_sqs=*/{}, steps_,
                          hyper.at("lr"), hyper.at("mom"), hyper.at("sqr_mom"), decay ? hyper.at("wd") : 0.0,
                          hyper.at("eps"), /*amsgrad=*/false, /*maximize=*/false);
        clear_lists();
    }

    /// The lists keep their memory from step to step, but must not keep gradients alive between them.
    void clear_lists() {
        for (auto* list : {&parameters_, &gradients_, &grad_avgs_, &sqr_avgs_, &steps_}) list->clear();
    }

    std::vector<std::vector<Moments>> moments_;
    std::vector<at::Tensor> parameters_, gradients_, grad_avgs_, sqr_avgs_, steps_;
};

}  // namespace

OptimizerFactory adam(const AdamOptions& options) {
    check(options);
    const HyperParameters defaults = {{"lr", 1e-3},
                                      {"mom", options.momentum},
                                      {"sqr_mom", options.sqr_momentum},
                                      {"eps", options.eps},
                                      {"wd", options.weight_decay}};
    return
        [defaults](std::vector<ParameterGroup> groups) { return std::make_unique<Adam>(std::move(groups), defaults); };
}

}  // namespace embark
