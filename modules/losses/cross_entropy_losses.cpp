#include <cmath>
#include <limits>

#include <torch/types.h>

#include "../../core/error.h"
#include "detail/class_axis.h"
#include "detail/class_weights.h"
#include "losses.h"

namespace embark {

namespace {

/// A loss of (…, classes) logits and int64 classes from a function of (values, classes) logits, (values) classes and
/// PyTorch's reduction.
template <class PerValue>
Loss class_loss(std::string name, PerValue per_value) {
    auto function = [name, per_value](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
        const auto& prediction = predictions.front();
        const auto& target = targets.front();
        require(prediction.dim() > 0 && prediction.numel() == target.numel() * prediction.size(-1), "The ", name,
                " loss cannot compare predictions of shape ", prediction.sizes(), " with targets of shape ",
                target.sizes(), ": it needs a row of logits for each target", along_axis_hint(prediction, target));
        require(has_classes_last(prediction, target), "The ", name,
                " loss takes the last dimension for the classes, and "
                "predictions of shape ",
                prediction.sizes(), " have not the places of targets of shape ", target.sizes(), " before it",
                along_axis_hint(prediction, target));
        require(!target.is_floating_point(), "The ", name, " loss needs integers (int64 classes) as targets, not ",
                c10::toString(target.scalar_type()));
        // A reshape costs a node of the graph at every step, so it is left out where there is nothing to do.
        const auto logits = prediction.dim() == 2 ? prediction : prediction.reshape({-1, prediction.size(-1)});
        const auto y = target.reshape(-1).to(at::kLong);
        if (reduction == Reduction::mean) return per_value(logits, y, at::Reduction::Mean);
        return per_value(logits, y, at::Reduction::None).reshape({target.size(0), -1}).mean(/*dim=*/1);
    };
    return Loss(
        std::move(name), std::move(function), [](const at::Tensor& output) { return output.softmax(-1); },
        [](const at::Tensor& prediction) { return prediction.argmax(-1); });
}

}  // namespace

Loss cross_entropy_loss_flat(CrossEntropyOptions options) {
    require<UsageError>(options.label_smoothing >= 0 && options.label_smoothing <= 1,
                        "Invalid label smoothing: ", options.label_smoothing, "; it must be from 0 to 1");
    const ClassWeights weight("weight of the cross_entropy loss", std::move(options.weight));
    const Loss loss = class_loss("cross_entropy", [weight, ignored = options.ignore_index,
                                                   smoothing = options.label_smoothing](const auto& logits,
                                                                                        const auto& y, int64_t how) {
        return at::cross_entropy_loss(logits, y, weight.of_classes(logits.size(1), logits), how, ignored, smoothing);
    });
    return loss
        .with_weight([weight, ignored = options.ignore_index](const Tensors& targets) {
            return weight_of_classes(weight, ignored, targets.front());
        })
        .with_settings(join_settings({weight.text(), concat("label_smoothing ", options.label_smoothing),
                             concat("ignore_index ", options.ignore_index)}));
}

Loss label_smoothing_cross_entropy_flat(double eps) {
    return cross_entropy_loss_flat({.label_smoothing = eps});
}

Loss focal_loss_flat(FocalOptions options) {
    require<UsageError>(std::isfinite(options.gamma) && options.gamma >= 0,
                        "Invalid gamma of the focal loss: ", options.gamma,
                        "; it must be a finite number and not negative");
    const ClassWeights weight("weight of the focal loss", std::move(options.weight));
    return class_loss("focal", [weight, gamma = options.gamma](const auto& logits, const auto& y, int64_t how) {
        const auto log_p = logits.log_softmax(1);
        const auto none = at::Reduction::None;
        const auto cross_entropy = at::nll_loss(log_p, y, {}, none);
        const auto weights = weight.of_classes(logits.size(1), logits);
        const auto weighted = weight.empty() ? cross_entropy : at::nll_loss(log_p, y, weights, none);
        // expm1 keeps 1 − p exact where the model is nearly sure; at 0 itself the power has no gradient for gamma < 1.
        const auto unsure = (-(-cross_entropy).expm1()).clamp_min(std::numeric_limits<float>::min());
        const auto losses = unsure.pow(gamma) * weighted;
        return how == at::Reduction::Mean ? losses.mean() : losses;
    }).with_settings(join_settings({weight.text(), concat("gamma ", options.gamma)}));
}

}  // namespace embark
