#include "baseline.h"

#include <cmath>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

namespace {

constexpr const char* kAdvice =
    "; other columns, more rows or another preset may help, and default_recipe() (--preset default) scales targets";

std::vector<Warning> of_values(const TargetColumn& target, const at::Tensor& predicted, const at::Tensor& actual) {
    const at::Tensor p = target.decode(predicted.flatten().to(at::kDouble));
    const at::Tensor y = target.decode(actual.flatten().to(at::kDouble));
    if (y.numel() < 2) return {};
    if (y.min().equal(y.max())) {
        return {{"metric_undefined", concat("All ", y.numel(), " validation values of '", target.name,
                                            "' are equal, so an R² says nothing")}};
    }
    const double total = (y - y.mean()).square().sum().item<double>();
    const double r2 = 1 - (p - y).square().sum().item<double>() / total;
    if (r2 >= 0) return {};
    return {{"worse_than_baseline",
             concat("The model predicts '", target.name, "' worse than its mean would on the ", y.numel(),
                    " validation rows, R² ", format_number(r2, 4), kAdvice)}};
}

std::vector<Warning> of_classes(const TargetColumn& target, const at::Tensor& probabilities, const at::Tensor& actual,
                                const at::Tensor& training) {
    const at::Tensor y = actual.flatten();
    const int64_t usual = training.flatten().bincount().argmax().item<int64_t>();
    const double accuracy = (probabilities.argmax(-1).flatten() == y).to(at::kDouble).mean().item<double>();
    const double share = (y == usual).to(at::kDouble).mean().item<double>();
    if (accuracy >= share) return {};
    return {{"worse_than_baseline",
             concat("The model predicts '", target.name, "' worse than always '", target.classes.name(usual + 1),
                    "', its most frequent class, would on the ", y.numel(), " validation rows, accuracy ",
                    format_number(accuracy, 4), " against ", format_number(share, 4), kAdvice)}};
}

std::vector<Warning> of_labels(const TargetColumn& target, const at::Tensor& probabilities, const at::Tensor& actual,
                               const at::Tensor& training) {
    const at::Tensor y = actual > kLabelThreshold;
    const at::Tensor usual = training.mean(0) > kLabelThreshold;
    const double accuracy = ((probabilities > kLabelThreshold) == y).to(at::kDouble).mean().item<double>();
    const double share = (y == usual).to(at::kDouble).mean().item<double>();
    if (accuracy >= share) return {};
    return {{"worse_than_baseline",
             concat("The model predicts the labels of '", target.name, "' worse than the same answer for every row, ",
                    "each label as most rows have it, would on the ", y.size(0), " validation rows, share of labels ",
                    "that are right ", format_number(accuracy, 4), " against ", format_number(share, 4), kAdvice)}};
}

}  // namespace

std::vector<Warning> baseline_warnings(TabularLearner& learn) {
    std::vector<Warning> warnings;
    if (!learn.dls().has_valid()) return warnings;
    const std::vector<TargetColumn>& targets = learn.tabular_dls().targets();
    const Predictions predictions = learn.get_preds();
    const Tensors training = learn.dls().train().sample().targets;
    for (size_t i = 0; i < targets.size(); ++i) {
        const at::Tensor &predicted = predictions.all_predictions.at(i), &actual = predictions.all_targets.at(i);
        const at::Tensor trained = training.at(i).to(at::kCPU);
        const auto found = targets[i].is_multi_label() ? of_labels(targets[i], predicted, actual, trained)
                           : targets[i].is_class()     ? of_classes(targets[i], predicted, actual, trained)
                                                       : of_values(targets[i], predicted, actual);
        warnings.insert(warnings.end(), found.begin(), found.end());
    }
    return warnings;
}

std::vector<Warning> baseline_warnings(const CollabDataLoaders& dls, double valid_rmse) {
    if (!dls.has_valid()) return {};
    const double mean = dls.train().sample().targets.front().to(at::kDouble).mean().item<double>();
    double squares = 0;
    for (const Batch& batch : dls.valid().in_order().epoch(0)) {
        squares += (batch.targets.front().to(at::kDouble) - mean).square().sum().item<double>();
    }
    const double deviation = std::sqrt(squares / static_cast<double>(dls.valid().rows()));
    constexpr double kRounding = 1e-3;  // where all ratings are equal, no model is as good as their mean
    if (valid_rmse <= deviation + kRounding) return {};
    return {{"worse_than_baseline",
             concat("The model predicts the ", dls.valid().rows(), " validation ratings worse than the training ratings' mean, ",
                    format_number(mean, 4), ", would: RMSE ", format_number(valid_rmse, 4), " against ",
                    format_number(deviation, 4),
                    "; more ratings of each user and item, more epochs or default_collab_recipe() (--preset default) may "
                    "help")}};
}

std::vector<Warning> undefined_metrics(const Validation& validation) {
    std::vector<Warning> warnings;
    for (const auto& [name, reason] : validation.undefined) {
        warnings.push_back({"metric_undefined", concat("The metric ", name, " is not defined: ", reason)});
    }
    return warnings;
}

}  // namespace embark
