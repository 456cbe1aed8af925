#include <torch/types.h>

#include "detail/settings.h"
#include "optimizers.h"
#include "update_rule.h"

namespace embark {

namespace {

void qhadam_step(DenseUpdate& part, bool decouple_wd) {
    decay_weights(part, decouple_wd);
    average_grad(part, /*dampening=*/true);
    average_sqr_grad(part);
    const double nu_1 = part.hyper("nu_1"), nu_2 = part.hyper("nu_2");

    auto moves = at::_foreach_mul(part.gradients, 1 - nu_1);
    at::_foreach_add_(moves, part.state.at("grad_avg"), nu_1 / debias(part.hyper("mom"), part.step));
    auto denominators = at::_foreach_mul(part.state.at("sqr_avg"), nu_2 / debias(part.hyper("sqr_mom"), part.step));
    at::_foreach_addcmul_(denominators, part.gradients, part.gradients, 1 - nu_2);
    at::_foreach_sqrt_(denominators);
    at::_foreach_add_(denominators, part.hyper("eps"));
    at::_foreach_addcdiv_(part.parameters, moves, denominators, -part.hyper("lr"));
}

}  // namespace

OptimizerFactory qhadam(const QHAdamOptions& options) {
    return optimizer_of(
        {.name = "QHAdam",
         .hypers = {{"mom", below_one("momentum", options.momentum)},
                    {"sqr_mom", below_one("sqr_momentum", options.sqr_momentum)},
                    {"nu_1", fraction("nu_1", options.nu_1)},
                    {"nu_2", fraction("nu_2", options.nu_2)},
                    {"eps", above_zero("eps", options.eps)},
                    {"wd", at_least_zero("weight_decay", options.weight_decay)}},
         .state = {"grad_avg", "sqr_avg"},
         .counts_steps = true,
         .step = [decouple_wd = options.decouple_wd](DenseUpdate& part) { qhadam_step(part, decouple_wd); }});
}

}  // namespace embark
