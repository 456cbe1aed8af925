#include "tabular_predictions.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../core/error.h"

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

std::vector<std::string> TargetPredictions::labels() const {
    const at::Tensor best = probabilities.argmax(1).contiguous();
    std::vector<std::string> labels;
    labels.reserve(static_cast<size_t>(best.numel()));
    for (int64_t row = 0; row < best.numel(); ++row) {
        labels.push_back(classes[static_cast<size_t>(best.const_data_ptr<int64_t>()[row])]);
    }
    return labels;
}

std::vector<TargetPredictions> decode_outputs(const TabularData& data, const Tensors& outputs) {
    require(outputs.size() == data.targets.size(), "The model gives ", outputs.size(), " outputs, and there are ",
            data.targets.size(), " targets");
    std::vector<TargetPredictions> predictions;
    for (size_t i = 0; i < outputs.size(); ++i) {
        const TargetColumn& target = data.targets[i];
        TargetPredictions& made = predictions.emplace_back(TargetPredictions{.target = target.name});
        if (target.is_class()) {
            made.classes = data.target_classes(i);
            made.probabilities = outputs[i].to(at::kFloat);
        } else {
            made.values = target.decode(outputs[i].flatten());
        }
    }
    return predictions;
}

std::vector<Prediction> decode_row(const TabularData& data, const Tensors& outputs) {
    std::vector<Prediction> row;
    for (auto& of_target : decode_outputs(data, outputs)) {
        Prediction& prediction = row.emplace_back(Prediction{.target = of_target.target});
        if (!of_target.is_class()) {
            prediction.value = of_target.values[0].item<double>();
            continue;
        }
        const at::Tensor probabilities = of_target.probabilities.contiguous();
        const float* first = probabilities.const_data_ptr<float>();
        const float* best = std::max_element(first, first + probabilities.size(1));
        prediction.label = of_target.classes[static_cast<size_t>(best - first)];
        prediction.probability = *best;
        prediction.probabilities.assign(first, first + probabilities.size(1));
        prediction.classes = std::move(of_target.classes);
    }
    return row;
}

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
