// LARC and LAMB, whose rates fit the size of each parameter. Sizes and rates stay on the parameters' device.
#include <torch/types.h>

#include "detail/settings.h"
#include "optimizers.h"
#include "update_rule.h"

namespace embark {

namespace {

/// One norm a tensor.
at::Tensor norms(const std::vector<at::Tensor>& tensors) {
    return at::stack(at::_foreach_norm(tensors));
}

/// `ratio` for each parameter, but `otherwise` where one of the norms it was made of is 0.
std::vector<at::Tensor> where_known(const at::Tensor& norm, const at::Tensor& other_norm, const at::Tensor& ratio,
                                    double otherwise) {
    return at::where((norm == 0).logical_or_(other_norm == 0), otherwise, ratio).unbind();
}

void larc_step(DenseUpdate& part, bool clip, bool decouple_wd) {
    decay_weights(part, decouple_wd);
    if (has_momentum(part)) average_grad(part, /*dampening=*/false);
    const double lr = part.hyper("lr");
    const auto sizes = norms(part.parameters), gradients = norms(part.gradients);
    const double wd = part.wd > 0 ? part.wd : part.hyper("wd");
    auto rates = lr * part.hyper("trust_coeff") * sizes / (gradients + sizes * wd + part.hyper("eps"));
    if (clip) rates.clamp_max_(lr);
    const auto& moves = has_momentum(part) ? part.state.at("grad_avg") : part.gradients;
    at::_foreach_sub_(part.parameters, at::_foreach_mul(moves, where_known(sizes, gradients, rates, lr)));
}

void lamb_step(DenseUpdate& part, bool decouple_wd) {
    decay_weights(part, decouple_wd);
    average_grad(part, /*dampening=*/true);
    average_sqr_grad(part);
    auto moves = at::_foreach_div(part.state.at("grad_avg"), debias(part.hyper("mom"), part.step));
    at::_foreach_div_(moves, debiased_rms(part));
    const auto sizes = norms(part.parameters), move_sizes = norms(moves);
    at::_foreach_mul_(moves, where_known(sizes, move_sizes, (sizes / move_sizes).clamp_max_(10), 1));
    at::_foreach_add_(part.parameters, moves, -part.hyper("lr"));
}

}  // namespace

OptimizerFactory larc(const LarcOptions& options) {
    UpdateRule rule = {.name = "LARC",
                       .hypers = {{"trust_coeff", above_zero("trust_coeff", options.trust_coeff)},
                                  {"eps", above_zero("eps", options.eps)},
                                  {"wd", at_least_zero("weight_decay", options.weight_decay)}},
                       .step = [clip = options.clip, decouple_wd = options.decouple_wd](DenseUpdate& part) {
                           larc_step(part, clip, decouple_wd);
                       }};
    add_momentum(rule, below_one("momentum", options.momentum));
    return optimizer_of(rule);
}

OptimizerFactory lamb(const LambOptions& options) {
    return optimizer_of(
        {.name = "LAMB",
         .hypers = {{"mom", below_one("momentum", options.momentum)},
                    {"sqr_mom", below_one("sqr_momentum", options.sqr_momentum)},
                    {"eps", above_zero("eps", options.eps)},
                    {"wd", at_least_zero("weight_decay", options.weight_decay)}},
         .state = {"grad_avg", "sqr_avg"},
         .counts_steps = true,
         .step = [decouple_wd = options.decouple_wd](DenseUpdate& part) { lamb_step(part, decouple_wd); }});
}

}  // namespace embark
