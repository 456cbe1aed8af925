#include <algorithm>
#include <cmath>
#include <utility>

#include <torch/types.h>

#include "../core/error.h"
#include "classification_metrics.h"
#include "detail/metric_inputs.h"

namespace embark {

namespace {

/// How often each class that occurs was predicted, was the target, and was both; float64, (classes). The metrics here
/// need no more of the confusion matrix than these, which stay small where there are many classes.
struct ClassCounts {
    at::Tensor classes, predicted, actual, right;
    double rows;
};

ClassCounts count_classes(const at::Tensor& logits, const at::Tensor& targets) {
    const auto [predicted, given] = predicted_classes(logits, targets);
    const auto actual = whole_classes(given);
    const auto [classes, place] =
        at::_unique(torch::cat({predicted, actual}), /*sorted=*/true, /*return_inverse=*/true);
    const auto count = [size = classes.numel()](const at::Tensor& places) {
        return places.bincount({}, size).to(at::kDouble);
    };
    const int64_t rows = actual.numel();
    const auto predicted_place = place.narrow(0, 0, rows), actual_place = place.narrow(0, rows, rows);
    return {.classes = classes,
            .predicted = count(predicted_place),
            .actual = count(actual_place),
            .right = count(actual_place.masked_select(predicted_place == actual_place)),
            .rows = static_cast<double>(rows)};
}

/// The same of labels, of which a row may have several: `classes` are all of them, and `rows` how many are had in all.
ClassCounts count_labels(const at::Tensor& logits, const at::Tensor& targets, double thresh) {
    require_labels(logits, targets);
    const auto predicted = logits.sigmoid() > thresh, actual = targets != 0;
    const auto count = [](const at::Tensor& there) { return there.sum(0).to(at::kDouble); };
    const at::Tensor n_actual = count(actual);
    return {.classes = at::arange(logits.size(1)),
            .predicted = count(predicted),
            .actual = n_actual,
            .right = count(predicted.logical_and(actual)),
            .rows = std::max(1.0, n_actual.sum().item<double>())};
}

/// A metric of the counts over all predictions, of which larger values are better.
template <class Statistic>
Metric over_counts(std::string name, Statistic statistic, Metric::Reason reason = {}) {
    const auto function = [statistic](const at::Tensor& logits, const at::Tensor& targets) {
        return at::scalar_tensor(statistic(count_classes(logits, targets)), at::kDouble);
    };
    return {std::move(name), Direction::higher_is_better, Metric::Over::all, function, {}, std::move(reason)};
}

at::Tensor ratio(const at::Tensor& numerator, const at::Tensor& denominator) {
    return at::where(denominator == 0, 0.0, numerator / denominator);
}

/// One number from a ratio of counts for each class.
double averaged(const at::Tensor& numerator, const at::Tensor& denominator, const ClassCounts& counts,
                const ClassAverageOptions& options) {
    const auto value = [&]() -> at::Tensor {
        switch (options.average) {
            case Average::binary: {
                const auto positive = counts.classes == options.pos_label;
                // A class that does not occur has no place among the counts.
                return ratio(numerator.masked_select(positive).sum(), denominator.masked_select(positive).sum());
            }
            case Average::macro:
                return ratio(numerator, denominator).mean();
            case Average::micro:
                return ratio(numerator.sum(), denominator.sum());
            case Average::weighted:
                return ratio(numerator, denominator).dot(counts.actual) / counts.rows;
        }
        fail<UsageError>("Unknown Average: ", static_cast<int>(options.average));
    };
    return value().item<double>();
}

std::string averaged_name(const std::string& name, Average average) {
    switch (average) {
        case Average::binary:
            return name;
        case Average::macro:
            return name + "_macro";
        case Average::micro:
            return name + "_micro";
        case Average::weighted:
            return name + "_weighted";
    }
    fail<UsageError>("Unknown Average: ", static_cast<int>(average));
}

/// A metric of a ratio of counts: `ratio_of` gives its numerator and denominator for each class.
template <class RatioOf>
Metric averaged_over_counts(const std::string& name, const ClassAverageOptions& options, RatioOf ratio_of) {
    const bool binary = options.average == Average::binary;
    require<UsageError>(!binary || options.pos_label == 0 || options.pos_label == 1, "Invalid pos_label of ", name,
                        ": ", options.pos_label, "; the two classes of Average::binary are 0 and 1");
    const auto function = [binary, options, ratio_of](const at::Tensor& logits, const at::Tensor& targets) {
        const auto counts = count_classes(logits, targets);
        const bool two = (one_logit(logits) || logits.size(-1) == 2) && counts.classes.min().item<int64_t>() >= 0 &&
                         counts.classes.max().item<int64_t>() <= 1;
        require(
            !binary || two,
            "Average::binary needs a model and targets of two classes, 0 and 1; for others choose another average, as "
            "in {.average = Average::macro}");
        const auto [numerator, denominator] = ratio_of(counts);
        return at::scalar_tensor(averaged(numerator, denominator, counts, options), at::kDouble);
    };
    return {averaged_name(name, options.average), Direction::higher_is_better, Metric::Over::all, function};
}

/// A metric of a ratio of counts of labels.
template <class RatioOf>
Metric averaged_over_labels(const std::string& name, const LabelAverageOptions& options, RatioOf ratio_of) {
    require<UsageError>(options.average != Average::binary, "Average::binary is of one class, and ", name,
                        " is of several labels; take macro, micro or weighted");
    const auto function = [options, ratio_of](const at::Tensor& logits, const at::Tensor& targets) {
        const auto counts = count_labels(logits, targets, options.thresh);
        const auto [numerator, denominator] = ratio_of(counts);
        return at::scalar_tensor(averaged(numerator, denominator, counts, {.average = options.average}), at::kDouble);
    };
    const bool usual = options.average == Average::macro;
    return {usual ? name : averaged_name(name, options.average), Direction::higher_is_better, Metric::Over::all,
            function};
}

/// β² times as much weight for what was missed as for what was wrong.
auto f_ratio(double beta) {
    const double square = beta * beta;
    return [square](const ClassCounts& counts) {
        return std::pair((1 + square) * counts.right, square * counts.actual + counts.predicted);
    };
}

const auto kJaccardRatio = [](const ClassCounts& counts) {
    return std::pair(counts.right, counts.actual + counts.predicted - counts.right);
};
const auto kPrecisionRatio = [](const ClassCounts& counts) { return std::pair(counts.right, counts.predicted); };
const auto kRecallRatio = [](const ClassCounts& counts) { return std::pair(counts.right, counts.actual); };

}  // namespace

Metric precision(ClassAverageOptions options) {
    return averaged_over_counts("precision", options, kPrecisionRatio);
}

Metric recall(ClassAverageOptions options) {
    return averaged_over_counts("recall", options, kRecallRatio);
}

Metric fbeta(double beta, ClassAverageOptions options) {
    require<UsageError>(std::isfinite(beta) && beta >= 0, "Invalid beta of fbeta: ", beta,
                        "; it must be a finite number and not negative");
    return averaged_over_counts(concat("f", beta, "_score"), options, f_ratio(beta));
}

Metric f1_score(ClassAverageOptions options) {
    return fbeta(1, options);
}

Metric dice(ClassAverageOptions options) {
    return averaged_over_counts("dice", options, f_ratio(1));
}

Metric jaccard(ClassAverageOptions options) {
    return averaged_over_counts("jaccard", options, kJaccardRatio);
}

Metric precision_multi(LabelAverageOptions options) {
    return averaged_over_labels("precision_multi", options, kPrecisionRatio);
}

Metric recall_multi(LabelAverageOptions options) {
    return averaged_over_labels("recall_multi", options, kRecallRatio);
}

Metric f1_score_multi(LabelAverageOptions options) {
    return averaged_over_labels("f1_score_multi", options, f_ratio(1));
}

Metric balanced_accuracy() {
    return over_counts("balanced_accuracy", [](const ClassCounts& counts) {
        const auto occurs = counts.actual > 0;
        return (counts.right / counts.actual).masked_select(occurs).mean().item<double>();
    });
}

Metric cohen_kappa() {
    return over_counts("cohen_kappa", [](const ClassCounts& counts) {
        const double n = counts.rows, right = counts.right.sum().item<double>();
        const double by_chance = counts.predicted.dot(counts.actual).item<double>();
        // Both sides times n², so that they are integers and 0 is exactly 0.
        return 1 - n * (n - right) / (n * n - by_chance);
    }, [](const at::Tensor&, const at::Tensor& targets) {
        return concat("all ", targets.numel(), " predictions and targets are of one class");
    });
}

Metric matthews_corrcoef() {
    return over_counts("matthews_corrcoef", [](const ClassCounts& counts) {
        const double n = counts.rows, right = counts.right.sum().item<double>();
        const double covariance = n * right - counts.predicted.dot(counts.actual).item<double>();
        const double of_predicted = n * n - counts.predicted.square().sum().item<double>();
        const double of_actual = n * n - counts.actual.square().sum().item<double>();
        if (of_predicted == 0 || of_actual == 0) return 0.0;
        return covariance / (std::sqrt(of_predicted) * std::sqrt(of_actual));
    });
}

}  // namespace embark
