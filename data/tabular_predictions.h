#pragma once

#include <string>
#include <vector>

#include "tabular.h"

namespace embark {

/// What a model says of one target for some rows: classes or values.
struct TargetPredictions {
    std::string target;
    /// The classes' names, in the order of the probabilities' columns; empty for values.
    std::vector<std::string> classes = {};
    /// (n, classes) float32.
    at::Tensor probabilities = {};
    /// (n) float64, in the target's own units.
    at::Tensor values = {};

    bool is_class() const { return !classes.empty(); }
    /// The most probable class of each row.
    std::vector<std::string> labels() const;
};

/// What a model says of one target for one row.
struct Prediction {
    std::string target;
    /// The most probable class and its probability; empty for a value.
    std::string label = {};
    double probability = 0;
    /// The value in the target's own units; 0 for classes.
    double value = 0;
    /// The classes' names and their probabilities.
    std::vector<std::string> classes = {};
    std::vector<double> probabilities = {};
};

/// A model's outputs, one a target, after the loss' activation: probabilities of classes, or values as the model learns
/// them.
std::vector<TargetPredictions> decode_outputs(const TabularData& data, const Tensors& outputs);

/// The same for the only row of the outputs.
std::vector<Prediction> decode_row(const TabularData& data, const Tensors& outputs);
/// The same where the numbers of all outputs are side by side.
std::vector<Prediction> decode_row(const TabularData& data, const std::vector<float>& outputs);

/// `table` with the column `prediction` (`prediction_TARGET` where there are several targets), and of classes one with
/// the probability of each, `probability_CLASS` (`probability_TARGET_CLASS`); of more than twenty classes the predicted
/// one's alone, `probability`.
Table with_predictions(Table table, const std::vector<TargetPredictions>& predictions);

}  // namespace embark
