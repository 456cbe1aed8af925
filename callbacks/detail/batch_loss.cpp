#include "batch_loss.h"

#include <torch/types.h>

namespace embark {

const Tensors& compared(const Loss& loss, const Batch& batch) {
    return loss.compared(batch.inputs, batch.targets);
}

at::Tensor batch_loss(const Loss& loss, const Tensors& predictions, const Batch& batch) {
    if (!batch.weights.defined()) return loss(predictions, compared(loss, batch));
    return mean_over_rows(loss(predictions, compared(loss, batch), Reduction::none), batch.weights);
}

double batch_weight(const Loss& loss, const Batch& batch) {
    if (batch.weights.defined() || !loss || compared(loss, batch).empty()) return batch.weight();
    return loss.weight(compared(loss, batch));
}

at::Tensor mean_over_rows(const at::Tensor& losses, const at::Tensor& weights) {
    if (!weights.defined()) return losses.mean();
    const auto exact = weights.to(at::kDouble);
    const auto total = exact.sum();
    // Where every row of a batch has weight 0, its loss and gradients are 0.
    const auto shares = torch::where(total > 0, exact / total, exact);
    return losses.mul(shares.to(losses.scalar_type())).sum();
}

}  // namespace embark
