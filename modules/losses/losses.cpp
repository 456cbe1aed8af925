#include "losses.h"

#include <torch/types.h>

#include "../../core/error.h"
#include "detail/class_weights.h"

namespace embark {

namespace {

/// A loss of one output and one target, brought to one shape, from a function that gives a loss for each value.
template <class PerValue>
Loss elementwise_loss(std::string name, PerValue per_value, Loss::Transform activation = {},
                      Loss::Transform decode = {}) {
    auto function = [name, per_value](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
        const auto& p = predictions.front();
        const auto& target = targets.front();
        require(p.numel() == target.numel(), "The ", name, " loss cannot compare predictions of shape ", p.sizes(),
                " with targets of shape ", target.sizes(), ": it needs as many values on both sides");
        // It is the target that takes the other's shape: it has no gradient, so this adds no node to the graph.
        const auto y = target.reshape(p.sizes()).to(p.scalar_type());
        if (reduction == Reduction::mean) return per_value(p, y, at::Reduction::Mean);
        const auto losses = per_value(p, y, at::Reduction::None);
        return losses.reshape({target.size(0), -1}).mean(/*dim=*/1);
    };
    return Loss(std::move(name), std::move(function), std::move(activation), std::move(decode));
}

/// Weights for the last dimension of `p`, which PyTorch stretches over the others.
at::Tensor column_weights(const ClassWeights& weights, const at::Tensor& p) {
    if (weights.size() == 1) return weights.beside(p);
    return weights.of_classes(p.dim() > 1 ? p.size(-1) : 1, p);
}

Loss::Transform above(double thresh) {
    return [thresh](const at::Tensor& prediction) { return prediction > thresh; };
}

/// PyTorch refuses such predictions too, but in words that don't say what to do.
void require_probabilities(const at::Tensor& p) {
    // Elsewhere the look at the values would make the program wait for the device at every step.
    if (!p.is_cpu() || p.numel() == 0) return;
    const auto [lowest, highest] = p.detach().aminmax();
    require(lowest.item<double>() >= 0 && highest.item<double>() <= 1,
            "The bce loss needs probabilities from 0 to 1 as predictions, not values from ", lowest.item<double>(),
            " to ", highest.item<double>(), "; for a model that gives logits there is bce_with_logits_loss_flat");
}

}  // namespace

Loss mse_loss_flat() {
    return elementwise_loss("mse", [](const auto& p, const auto& y, int64_t how) { return at::mse_loss(p, y, how); });
}

Loss l1_loss_flat() {
    return elementwise_loss("l1", [](const auto& p, const auto& y, int64_t how) { return at::l1_loss(p, y, how); });
}

Loss bce_with_logits_loss_flat(BceWithLogitsOptions options) {
    const ClassWeights weight("weight of the bce_with_logits loss", std::move(options.weight));
    const ClassWeights pos_weight("pos_weight of the bce_with_logits loss", std::move(options.pos_weight));
    return elementwise_loss(
        "bce_with_logits",
        [weight, pos_weight](const auto& p, const auto& y, int64_t how) {
            return at::binary_cross_entropy_with_logits(p, y, column_weights(weight, p), column_weights(pos_weight, p),
                                                        how);
        },
        [](const at::Tensor& output) { return output.sigmoid(); }, above(options.thresh))
        .with_settings(join_settings({weight.text(), pos_weight.text(), concat("thresh ", options.thresh)}));
}

Loss bce_loss_flat(BceOptions options) {
    const ClassWeights weight("weight of the bce loss", std::move(options.weight));
    return elementwise_loss(
        "bce",
        [weight](const auto& p, const auto& y, int64_t how) {
            require_probabilities(p);
            return at::binary_cross_entropy(p, y, column_weights(weight, p), how);
        },
        /*activation=*/{}, above(options.thresh))
        .with_settings(join_settings({weight.text(), concat("thresh ", options.thresh)}));
}

}  // namespace embark
