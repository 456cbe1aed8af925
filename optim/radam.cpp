#include <cmath>

#include <torch/types.h>

#include "detail/settings.h"
#include "optimizers.h"
#include "update_rule.h"

namespace embark {

namespace {

void radam_step(DenseUpdate& part, bool decouple_wd) {
    decay_weights(part, decouple_wd);
    average_grad(part, /*dampening=*/true);
    average_sqr_grad(part);
    const auto& grad_avg = part.state.at("grad_avg");
    const double rate = part.hyper("lr") / debias(part.hyper("mom"), part.step);

    // How many gradients the second average stands for: in the end, and by now.
    const double sqr_mom = part.hyper("sqr_mom"), step = static_cast<double>(part.step);
    const double r_inf = 2 / (1 - sqr_mom) - 1;
    const double r = r_inf - 2 * step * std::pow(sqr_mom, step) / debias(sqr_mom, part.step);
    if (r <= 5) {
        at::_foreach_add_(part.parameters, grad_avg, -rate);
        return;
    }
    auto denominators = debiased_rms(part);
    if (const double beta = part.hyper("beta"); beta != 0) {
        for (auto& denominator : denominators) denominator = at::softplus(denominator, beta);
    }
    const double rectified = std::sqrt((r - 4) * (r - 2) * r_inf / ((r_inf - 4) * (r_inf - 2) * r));
    at::_foreach_addcdiv_(part.parameters, grad_avg, denominators, -rate * rectified);
}

}  // namespace

OptimizerFactory radam(const RAdamOptions& options) {
    return optimizer_of(
        {.name = "RAdam",
         .hypers = {{"mom", below_one("momentum", options.momentum)},
                    {"sqr_mom", below_one("sqr_momentum", options.sqr_momentum)},
                    {"eps", above_zero("eps", options.eps)},
                    {"wd", at_least_zero("weight_decay", options.weight_decay)},
                    {"beta", at_least_zero("beta", options.beta)}},
         .state = {"grad_avg", "sqr_avg"},
         .counts_steps = true,
         .step = [decouple_wd = options.decouple_wd](DenseUpdate& part) { radam_step(part, decouple_wd); }});
}

}  // namespace embark
