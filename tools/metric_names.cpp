#include "metric_names.h"

#include <algorithm>
#include <functional>

#include <ATen/ATen.h>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/metrics/metrics.h>

namespace embark::tools {

namespace {

struct NamedMetric {
    std::string name;
    std::function<Metric()> make;
};

const std::vector<NamedMetric>& metrics(MetricKind kind) {
    static const std::vector<NamedMetric> classes = {
        {"accuracy", accuracy},
        {"error_rate", error_rate},
        {"balanced_accuracy", balanced_accuracy},
        {"precision", [] { return precision(); }},
        {"recall", [] { return recall(); }},
        {"f1_score", [] { return f1_score(); }},
        {"f1_score_macro", [] { return f1_score({.average = Average::macro}); }},
        {"roc_auc", roc_auc},
        {"average_precision", average_precision},
        {"log_loss", log_loss},
        {"perplexity", perplexity},
        {"matthews_corrcoef", matthews_corrcoef},
        {"cohen_kappa", cohen_kappa}};
    static const std::vector<NamedMetric> labels = {{"accuracy_multi", [] { return accuracy_multi(); }},
                                                    {"precision_multi", [] { return precision_multi(); }},
                                                    {"recall_multi", [] { return recall_multi(); }},
                                                    {"f1_score_multi", [] { return f1_score_multi(); }},
                                                    {"roc_auc_multi", roc_auc_multi},
                                                    {"average_precision_multi", average_precision_multi}};
    static const std::vector<NamedMetric> values = {{"rmse", rmse},
                                                    {"mse", mse},
                                                    {"mae", mae},
                                                    {"mape", mape},
                                                    {"msle", msle},
                                                    {"exp_rmspe", exp_rmspe},
                                                    {"r2_score", r2_score},
                                                    {"explained_variance", explained_variance},
                                                    {"pearson_corrcoef", pearson_corrcoef},
                                                    {"spearman_corrcoef", spearman_corrcoef}};
    return kind == MetricKind::classes ? classes : kind == MetricKind::labels ? labels : values;
}

/// Whether it can be computed of so many classes: tried on a prediction of each, of a hundred where there are more, as
/// no metric tells these apart and the predictions take their square.
bool takes_classes(Metric metric, int64_t n_classes) {
    const int64_t tried = std::min<int64_t>(n_classes, 100);
    try {
        metric.reset();
        metric.accumulate({at::eye(tried)}, {at::arange(tried)});
        metric.value();
        return true;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

void require_takes_classes(const std::string& name, const std::string& target, int64_t n_classes) {
    if (takes_classes(metric_of(name, MetricKind::classes), n_classes)) return;
    std::vector<std::string> others;
    for (const auto& metric : metrics(MetricKind::classes)) {
        if (takes_classes(metric.make(), n_classes)) others.push_back(metric.name);
    }
    fail("The metric ", name, " is not for the ", n_classes, " classes of '", target, "'; there are: ", join(others));
}

std::string to_string(MetricKind kind) {
    return kind == MetricKind::classes ? "classes" : kind == MetricKind::labels ? "labels" : "values";
}

std::vector<std::string> metric_names(MetricKind kind) {
    std::vector<std::string> names;
    for (const auto& metric : metrics(kind)) names.push_back(metric.name);
    return names;
}

std::vector<std::string> usual_metrics(MetricKind kind) {
    if (kind == MetricKind::classes) return {"accuracy", "roc_auc"};
    if (kind == MetricKind::labels) return {"accuracy_multi", "f1_score_multi"};
    return {"rmse", "mae", "r2_score"};
}

Metric metric_of(const std::string& name, MetricKind kind) {
    for (const auto& metric : metrics(kind)) {
        if (metric.name == name) return metric.make().on(0, name);
    }
    for (const MetricKind other : {MetricKind::classes, MetricKind::labels, MetricKind::values}) {
        for (const auto& metric : metrics(other)) {
            require<UsageError>(metric.name != name, "The metric ", name, " is not for targets of ", to_string(kind),
                                name_hint("", metric_names(kind)));
        }
    }
    fail<UsageError>("Unknown metric '", name, "'", name_hint(name, metric_names(kind)));
}

}  // namespace embark::tools
