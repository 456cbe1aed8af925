#include <torch/types.h>

#include "detail/row_update.h"
#include "detail/settings.h"
#include "optimizers.h"

namespace embark {

namespace {

void adagrad_step(DenseUpdate& part, bool decouple_wd) {
    decay_weights(part, decouple_wd);
    auto& sqr_sum = part.state.at("sqr_sum");
    at::_foreach_addcmul_(sqr_sum, part.gradients, part.gradients, 1);
    auto rms = at::_foreach_sqrt(sqr_sum);
    at::_foreach_add_(rms, part.hyper("eps"));
    at::_foreach_addcdiv_(part.parameters, part.gradients, rms, -part.hyper("lr"));
}

void adagrad_rows(const RowUpdate& part, bool decouple_wd) {
    const double lr = part.hyper("lr");
    rows::adagrad_touched(part.values(part.parameter), part.values(part.state[0]), rows::touched_by(part),
                          static_cast<float>(lr), static_cast<float>(part.hyper("eps")),
                          static_cast<float>(decouple_wd ? 1 - lr * part.wd : 1),
                          static_cast<float>(decouple_wd ? 0 : part.wd));
}

}  // namespace

OptimizerFactory adagrad(const AdagradOptions& options) {
    return optimizer_of(
        {.name = "Adagrad",
         .hypers = {{"eps", above_zero("eps", options.eps)},
                    {"wd", at_least_zero("weight_decay", options.weight_decay)}},
         .state = {"sqr_sum"},
         .step = [decouple_wd = options.decouple_wd](DenseUpdate& part) { adagrad_step(part, decouple_wd); },
         .step_rows = [decouple_wd = options.decouple_wd](const RowUpdate& part) { adagrad_rows(part, decouple_wd); }});
}

}  // namespace embark
