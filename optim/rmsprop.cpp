#include <torch/types.h>

#include "detail/settings.h"
#include "optimizers.h"
#include "update_rule.h"

namespace embark {

namespace {

void rmsprop_step(DenseUpdate& part, bool decouple_wd) {
    decay_weights(part, decouple_wd);
    if (has_momentum(part)) average_grad(part, /*dampening=*/false);
    average_sqr_grad(part);
    auto denominators = at::_foreach_sqrt(part.state.at("sqr_avg"));
    at::_foreach_add_(denominators, part.hyper("eps"));
    const auto& moves = has_momentum(part) ? part.state.at("grad_avg") : part.gradients;
    at::_foreach_addcdiv_(part.parameters, moves, denominators, -part.hyper("lr"));
}

}  // namespace

OptimizerFactory rmsprop(const RMSPropOptions& options) {
    UpdateRule rule = {
        .name = "RMSProp",
        .hypers = {{"sqr_mom", below_one("sqr_momentum", options.sqr_momentum)},
                   {"eps", above_zero("eps", options.eps)},
                   {"wd", at_least_zero("weight_decay", options.weight_decay)}},
        .state = {"sqr_avg"},
        .step = [decouple_wd = options.decouple_wd](DenseUpdate& part) { rmsprop_step(part, decouple_wd); }};
    add_momentum(rule, below_one("momentum", options.momentum));
    return optimizer_of(rule);
}

}  // namespace embark
