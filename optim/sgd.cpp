#include <torch/types.h>

#include "detail/row_update.h"
#include "detail/settings.h"
#include "optimizers.h"

namespace embark {

namespace {

void sgd_step(DenseUpdate& part, bool decouple_wd) {
    const double lr = part.hyper("lr");
    const double mom = has_momentum(part) ? part.hyper("mom") : 0;
    if (has_momentum(part) && mom == 0) {
        // A schedule's 0 forgets the past. The fused kernel takes no averages with it, but they must be kept for later.
        decay_weights(part, decouple_wd);
        average_grad(part, /*dampening=*/false);
        at::_foreach_add_(part.parameters, part.gradients, -lr);
        return;
    }
    if (decouple_wd) decay_weights(part, decouple_wd);
    const at::TensorList averages = has_momentum(part) ? at::TensorList(part.state.at("grad_avg")) : at::TensorList();
    at::_fused_sgd_(part.parameters, part.gradients, averages, decouple_wd ? 0 : part.wd, mom, lr, /*dampening=*/0,
                    /*nesterov=*/false, /*maximize=*/false, /*is_first_step=*/false);
}

void sgd_rows(const RowUpdate& part, bool decouple_wd) {
    const double lr = part.hyper("lr");
    const bool averages = !part.state.empty();
    rows::sgd_touched(
        part.values(part.parameter), averages ? part.values(part.state[0]) : nullptr, rows::touched_by(part),
        static_cast<float>(lr), static_cast<float>(averages ? part.hyper("mom") : 0),
        static_cast<float>(decouple_wd ? 1 - lr * part.wd : 1), static_cast<float>(decouple_wd ? 0 : part.wd));
}

}  // namespace

OptimizerFactory sgd(const SgdOptions& options) {
    UpdateRule rule = {
        .name = "SGD",
        .hypers = {{"wd", at_least_zero("weight_decay", options.weight_decay)}},
        .step = [decouple_wd = options.decouple_wd](DenseUpdate& part) { sgd_step(part, decouple_wd); },
        .step_rows = [decouple_wd = options.decouple_wd](const RowUpdate& part) { sgd_rows(part, decouple_wd); }};
    add_momentum(rule, below_one("momentum", options.momentum));
    return optimizer_of(rule);
}

}  // namespace embark
