#include "tabular_predictions.h"

#include <ATen/ATen.h>

#include "../table/free_names.h"

namespace embark {

namespace {

constexpr size_t kMostProbabilityColumns = 20;

/// Calls `visit(name, values)` for each of the columns, where values are texts or numbers.
template <class Visit>
void visit_columns(const std::vector<TargetPredictions>& predictions, Visit&& visit) {
    for (const TargetPredictions& prediction : predictions) {
        const std::string of = predictions.size() == 1 ? "" : "_" + prediction.target;
        if (!prediction.is_class()) {
            visit("prediction" + of, prediction.values);
            continue;
        }
        visit("prediction" + of, prediction.labels());
        if (prediction.classes.size() > kMostProbabilityColumns) {
            visit("probability" + of, std::get<0>(prediction.probabilities.max(1)));
            continue;
        }
        for (size_t i = 0; i < prediction.classes.size(); ++i) {
            visit("probability" + of + "_" + prediction.classes[i],
                  prediction.probabilities.select(1, static_cast<int64_t>(i)));
        }
    }
}

}  // namespace

std::vector<std::string> prediction_names(const std::vector<TargetPredictions>& predictions) {
    std::vector<std::string> names;
    visit_columns(predictions, [&](const std::string& name, const auto&) { names.push_back(name); });
    return names;
}

Table with_predictions(Table table, const std::vector<TargetPredictions>& predictions) {
    const auto names = free_names(table.names(), prediction_names(predictions));
    auto name = names.begin();
    visit_columns(predictions, [&](const std::string&, const auto& values) {
        table = table.with_column(*name++, values);
    });
    return table;
}

}  // namespace embark
