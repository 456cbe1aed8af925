#include <limits>

#include <torch/types.h>

#include "../core/error.h"
#include "classification_metrics.h"
#include "detail/metric_inputs.h"
#include "detail/ranks.h"

namespace embark {

namespace {

/// A figure of scores (n), none of them NaN, and of which rows are positive (n).
using Ranking = double (*)(const at::Tensor& scores, const at::Tensor& positive);

double area_under_roc(const at::Tensor& scores, const at::Tensor& positive) {
    const auto positives = positive.sum().item<double>();
    const auto negatives = static_cast<double>(positive.numel()) - positives;
    if (positives == 0 || negatives == 0) return kUndefined;
    const double ranks = average_ranks(scores).masked_select(positive).sum().item<double>();
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}

double area_under_precision(const at::Tensor& scores, const at::Tensor& positive) {
    if (!positive.any().item<bool>()) return 0;
    const auto [unique, place, counts] =
        at::_unique2(scores, /*sorted=*/true, /*return_inverse=*/true, /*return_counts=*/true);
    // Rows of one score come in together, from the highest on.
    const auto right = place.bincount(positive.to(at::kDouble), unique.numel()).flip(0);
    const auto right_so_far = right.cumsum(0);
    const auto precision = right_so_far / counts.flip(0).cumsum(0);
    return (precision.dot(right) / right_so_far[-1]).item<double>();
}

/// Classes of the targets, all of them in [0, classes).
at::Tensor known_classes(const at::Tensor& targets, int64_t classes) {
    const auto known = whole_classes(targets);
    const auto [lowest, highest] = known.aminmax();
    require(lowest.item<int64_t>() >= 0 && highest.item<int64_t>() < classes, "it needs targets from 0 to ",
            classes - 1, ", and they go from ", lowest.item<int64_t>(), " to ", highest.item<int64_t>());
    return known;
}

double of_two_classes(Ranking ranking, const at::Tensor& scores, const at::Tensor& targets) {
    const auto positive = known_classes(targets, 2) == 1;
    return scores.isnan().any().item<bool>() ? kUndefined : ranking(scores, positive);
}

/// The mean over classes, each against all others.
double one_against_rest(Ranking ranking, const at::Tensor& logits, const at::Tensor& targets) {
    const auto classes = known_classes(targets, logits.size(1));
    const auto probabilities = logits.softmax(1);
    if (probabilities.isnan().any().item<bool>()) return kUndefined;
    double total = 0;
    for (int64_t i = 0; i < logits.size(1); ++i) {
        const auto positive = classes == i;
        if (!positive.any().item<bool>()) return kUndefined;
        total += ranking(probabilities.select(1, i).contiguous(), positive);
    }
    return total / static_cast<double>(logits.size(1));
}

double ranked(Ranking ranking, const at::Tensor& predictions, const at::Tensor& targets) {
    if (one_logit(predictions)) {
        require(predictions.numel() == targets.numel(), "predictions of shape ", predictions.sizes(),
                " need as many targets, and the targets have shape ", targets.sizes());
        return of_two_classes(ranking, predictions.reshape(-1).to(at::kDouble), targets.reshape(-1));
    }
    const auto [logits, y] = logits_of_classes(predictions, targets);
    if (logits.size(1) > 2) return one_against_rest(ranking, logits, y);
    return of_two_classes(ranking, logits.select(1, 1) - logits.select(1, 0), y);
}

/// Of one class alone there is nothing to rank, nor of one that is missing among several.
std::string which_class_is_missing(const at::Tensor& predictions, const at::Tensor& targets) {
    const auto present = std::get<0>(at::_unique(whole_classes(targets.reshape(-1)), /*sorted=*/true));
    const int64_t classes = one_logit(predictions) ? 2 : predictions.size(-1);
    const std::string rows = targets.numel() == 1 ? "is one row" : concat("are ", targets.numel(), " rows");
    if (present.numel() == 1) return concat("there ", rows, ", all of one class");
    if (present.numel() == classes) return {};
    return concat("there ", rows, ", of ", present.numel(), " of the ", classes, " classes");
}

Metric ranking_metric(std::string name, Ranking ranking) {
    const auto function = [ranking](const at::Tensor& predictions, const at::Tensor& targets) {
        return at::scalar_tensor(ranked(ranking, predictions, targets), at::kDouble);
    };
    return {std::move(name), Direction::higher_is_better, Metric::Over::all, function, {}, which_class_is_missing};
}

/// How many labels no row has, or every row.
std::string which_label_is_constant(const at::Tensor& /*logits*/, const at::Tensor& targets) {
    const auto n_rows = (targets != 0).sum(0);
    const auto n = ((n_rows == 0).logical_or(n_rows == targets.size(0))).sum().item<int64_t>();
    return n == 0 ? std::string() : concat("of ", n, " of the ", targets.size(1), " labels all ", targets.size(0), " rows say the same");
}

/// The mean over labels.
Metric label_ranking_metric(std::string name, Ranking ranking, Metric::Reason reason) {
    const auto function = [ranking](const at::Tensor& logits, const at::Tensor& targets) {
        require_labels(logits, targets);
        if (logits.isnan().any().item<bool>()) return at::scalar_tensor(kUndefined, at::kDouble);
        double total = 0;
        for (int64_t i = 0; i < logits.size(1); ++i) {
            total += ranking(logits.select(1, i).to(at::kDouble).contiguous(), targets.select(1, i) != 0);
        }
        return at::scalar_tensor(total / static_cast<double>(logits.size(1)), at::kDouble);
    };
    return {std::move(name), Direction::higher_is_better, Metric::Over::all, function, {}, std::move(reason)};
}

}  // namespace

Metric roc_auc_binary() {
    const auto function = [](const at::Tensor& predictions, const at::Tensor& targets) {
        require(one_logit(predictions) || predictions.size(-1) == 2,
                "it needs one or two logits a row, and the predictions have shape ", predictions.sizes(),
                "; for more classes there is roc_auc");
        return at::scalar_tensor(ranked(area_under_roc, predictions, targets), at::kDouble);
    };
    return {"roc_auc_binary", Direction::higher_is_better, Metric::Over::all, function, {}, which_class_is_missing};
}

Metric roc_auc() {
    return ranking_metric("roc_auc", area_under_roc);
}

Metric average_precision() {
    return ranking_metric("average_precision", area_under_precision);
}

Metric roc_auc_multi() {
    return label_ranking_metric("roc_auc_multi", area_under_roc, which_label_is_constant);
}

Metric average_precision_multi() {
    return label_ranking_metric("average_precision_multi", area_under_precision, {});
}

}  // namespace embark
