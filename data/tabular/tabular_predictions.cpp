#include "tabular_predictions.h"

#include <ATen/ATen.h>

namespace embark {

namespace {

constexpr size_t kMostProbabilityColumns = 20;

Table with_probabilities(Table table, const TargetPredictions& prediction, const std::string& name) {
    if (prediction.classes.size() > kMostProbabilityColumns) {
        return table.with_column(name, std::get<0>(prediction.probabilities.max(1)));
    }
    for (size_t i = 0; i < prediction.classes.size(); ++i) {
        table = table.with_column(name + "_" + prediction.classes[i],
                                  prediction.probabilities.select(1, static_cast<int64_t>(i)));
    }
    return table;
}

}  // namespace

Table with_predictions(Table table, const std::vector<TargetPredictions>& predictions) {
    for (const TargetPredictions& prediction : predictions) {
        const std::string of = predictions.size() == 1 ? "" : "_" + prediction.target;
        if (prediction.is_class()) {
            table = with_probabilities(table.with_column("prediction" + of, prediction.labels()), prediction,
                                       "probability" + of);
        } else {
            table = table.with_column("prediction" + of, prediction.values);
        }
    }
    return table;
}

}  // namespace embark
