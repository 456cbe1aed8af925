#include "predictions.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../core/error.h"
#include "../core/text.h"

namespace embark {

namespace {

int64_t n_outputs(const TabularEncoder& data) {
    int64_t total = 0;
    for (const TargetColumn& target : data.targets) total += target.width();
    return total;
}

/// What a row's probabilities, one a class, say: its class, or its classes with `label_delim` between them.
std::string label_of(const float* probabilities, const std::vector<std::string>& classes,
                     const std::string& label_delim, const std::vector<float>& thresholds) {
    if (label_delim.empty()) {
        return classes[static_cast<size_t>(std::max_element(probabilities, probabilities + classes.size()) -
                                           probabilities)];
    }
    std::vector<std::string> labels;
    for (size_t i = 0; i < classes.size(); ++i) {
        const float threshold = thresholds.empty() ? kLabelThreshold : thresholds[i];
        if (probabilities[i] > threshold) labels.push_back(classes[i]);
    }
    return join(labels, label_delim);
}

}  // namespace

std::vector<float> label_thresholds(const TargetColumn& target) {
    if (!target.thresholds.empty()) return target.thresholds;
    return std::vector<float>(static_cast<size_t>(target.width()), kLabelThreshold);
}

std::vector<std::string> TargetPredictions::labels() const {
    const at::Tensor rows = probabilities.to(at::kFloat).contiguous();
    std::vector<std::string> labels;
    labels.reserve(static_cast<size_t>(rows.size(0)));
    for (int64_t row = 0; row < rows.size(0); ++row) {
        labels.push_back(label_of(rows.const_data_ptr<float>() + row * rows.size(1), classes, label_delim, thresholds));
    }
    return labels;
}

std::vector<TargetPredictions> decode_outputs(const TabularEncoder& data, const Tensors& outputs) {
    require(outputs.size() == data.targets.size(), "The model gives ", outputs.size(), " outputs, and there are ",
            data.targets.size(), " targets");
    std::vector<TargetPredictions> predictions;
    for (size_t i = 0; i < outputs.size(); ++i) {
        const TargetColumn& target = data.targets[i];
        TargetPredictions& made = predictions.emplace_back(TargetPredictions{.target = target.name});
        if (target.is_class()) {
            require(outputs[i].dim() == 2 && outputs[i].size(1) == target.width(), "The model gives ",
                    outputs[i].sizes(), " where ", target.name, " has ", target.width(), " classes");
            made.classes = data.target_classes(i);
            made.label_delim = target.label_delim;
            made.thresholds = target.thresholds;
            made.probabilities = outputs[i].to(at::kFloat);
        } else {
            made.values = target.decode(outputs[i].flatten());
        }
    }
    return predictions;
}

std::vector<Prediction> decode_row(const TabularEncoder& data, const std::vector<double>& outputs) {
    std::vector<Prediction> row;
    const double* next = outputs.data();
    for (size_t i = 0; i < data.targets.size(); ++i) {
        const TargetColumn& target = data.targets[i];
        const double* first = next;
        next += target.width();
        Prediction& prediction = row.emplace_back(Prediction{.target = target.name});
        if (!target.is_class()) {
            prediction.value = target.decode(*first);
            continue;
        }
        prediction.classes = data.target_classes(i);
        // As float32, which tables' probabilities are, and thresholds.
        const std::vector<float> probabilities(first, next);
        prediction.probabilities.assign(probabilities.begin(), probabilities.end());
        prediction.label = label_of(probabilities.data(), prediction.classes, target.label_delim, target.thresholds);
        prediction.probability = *std::max_element(probabilities.begin(), probabilities.end());
    }
    return row;
}

std::vector<Prediction> decode_row(const TabularEncoder& data, const Tensors& outputs) {
    std::vector<double> numbers;
    for (const at::Tensor& output : outputs) {
        const at::Tensor flat = output.to(at::kDouble).contiguous();
        numbers.insert(numbers.end(), flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel());
    }
    require(static_cast<int64_t>(numbers.size()) == n_outputs(data), "The model gives ", numbers.size(),
            " numbers, and the targets need ", n_outputs(data));
    return decode_row(data, numbers);
}

}  // namespace embark
