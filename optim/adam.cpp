#include <torch/torch.h>

#include "optimizer.h"
#include "settings.h"
#include "update_rule.h"

namespace embark {

namespace {

/// Adam on LibTorch's fused kernels, which do all of it in one pass over the tensors.
class AdamStep {
public:
    explicit AdamStep(bool decouple_wd) : decouple_wd_(decouple_wd) {}

    void operator()(Part& part) {
        set_steps(part);
        auto &grad_avg = part.state.at("grad_avg"), &sqr_avg = part.state.at("sqr_avg");
        const double lr = part.hyper("lr"), mom = part.hyper("mom"), sqr_mom = part.hyper("sqr_mom");
        const double eps = part.hyper("eps");
        if (decouple_wd_) {
            at::_fused_adamw_(part.parameters, part.gradients, grad_avg, sqr_avg, /*max_exp_avg_sqs=*/{}, steps_, lr,
                              mom, sqr_mom, part.wd, eps, /*amsgrad=*/false, /*maximize=*/false);
        } else {
            at::_fused_adam_(part.parameters, part.gradients, grad_avg, sqr_avg, /*max_exp_avg_sqs=*/{}, steps_, lr,
                             mom, sqr_mom, part.wd, eps, /*amsgrad=*/false, /*maximize=*/false);
        }
    }

private:
    /// The kernels take the step's number as a tensor for each parameter, and only read it: one serves them all.
    void set_steps(const Part& part) {
        const auto device = part.parameters.front().device();
        if (!step_.defined() || step_.device() != device) {
            step_ = torch::zeros({}, torch::dtype(torch::kFloat).device(device));
        }
        step_.fill_(part.step);
        steps_.assign(part.parameters.size(), step_);
    }

    bool decouple_wd_;
    at::Tensor step_;
    std::vector<at::Tensor> steps_;
};

}  // namespace

OptimizerFactory adam(const AdamOptions& options) {
    return optimizer_of({.name = "Adam",
                         .hypers = {{"mom", below_one("momentum", options.momentum)},
                                    {"sqr_mom", below_one("sqr_momentum", options.sqr_momentum)},
                                    {"eps", above_zero("eps", options.eps)},
                                    {"wd", at_least_zero("weight_decay", options.weight_decay)}},
                         .state = {"grad_avg", "sqr_avg"},
                         .counts_steps = true,
                         .step = AdamStep(options.decouple_wd)});
}

}  // namespace embark
