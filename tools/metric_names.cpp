#include "metric_names.h"

#include <functional>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/metrics/metrics.h>

namespace embark::tools {

namespace {

struct NamedMetric {
    std::string name;
    std::function<Metric()> make;
};

const std::vector<NamedMetric>& metrics(bool of_classes) {
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
    return of_classes ? classes : values;
}

}  // namespace

std::vector<std::string> metric_names(bool of_classes) {
    std::vector<std::string> names;
    for (const auto& metric : metrics(of_classes)) names.push_back(metric.name);
    return names;
}

Metric metric_of(const std::string& name, bool of_classes) {
    for (const auto& metric : metrics(of_classes)) {
        if (metric.name == name) return metric.make().on(0, name);
    }
    const char* kind = of_classes ? "classes" : "values";
    for (const auto& metric : metrics(!of_classes)) {
        require<UsageError>(metric.name != name, "The metric ", name, " is not for targets of ", kind,
                            name_hint("", metric_names(of_classes)));
    }
    fail<UsageError>("Unknown metric '", name, "'", name_hint(name, metric_names(of_classes)));
}

}  // namespace embark::tools
