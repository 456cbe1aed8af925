#include "bn_freeze.h"

#include <torch/nn/module.h>

#include "../modules/detail/norm_layers.h"
#include "training_state.h"

namespace embark {

void BnFreeze::before_batch(TrainingState& state) {
    if (!state.training) return;
    // At each batch, since a resumed fit enters an epoch in its middle, with all layers in training mode.
    for (const auto& module : state.model->modules()) {
        if (!is_norm(*module)) continue;
        const auto weights = module->parameters(/*recurse=*/false);
        if (!weights.empty() && !weights.front().requires_grad()) module->eval();
    }
}

std::shared_ptr<BnFreeze> bn_freeze() {
    return std::make_shared<BnFreeze>();
}

}  // namespace embark
