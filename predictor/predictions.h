#pragma once

#include <string>
#include <vector>

#include "tabular_encoder.h"

namespace embark {

/// The probability above which a label is predicted, where a row may have several, and nothing else was chosen.
inline constexpr float kLabelThreshold = 0.5F;

/// The thresholds of all classes of a target of several labels a row.
std::vector<float> label_thresholds(const TargetColumn& target);

/// What a model says of one target for some rows: classes or values.
struct TargetPredictions {
    std::string target;  ///< its name
    /// The classes' names, in the order of the probabilities' columns; empty for values.
    std::vector<std::string> classes = {};
    /// What stands between the classes of a row that may have several; empty where each has one.
    std::string label_delim = {};
    /// As TargetColumn's.
    std::vector<float> thresholds = {};
    /// (n, classes) float32.
    at::Tensor probabilities = {};
    /// (n) float64, in the target's own units.
    at::Tensor values = {};

    /// Whether these are classes rather than values.
    bool is_class() const { return !classes.empty(); }
    /// The most probable class of each row; where a row may have several, those above their thresholds, "a;b", or none,
    /// "".
    std::vector<std::string> labels() const;
};

/// What a model says of one target for one row.
struct Prediction {
    std::string target;  ///< its name
    /// The most probable class; empty for a value. Where a row may have several classes, those above their thresholds,
    /// as in TargetPredictions::labels.
    std::string label = {};
    double probability = 0;  ///< of `label`; where a row may have several classes, the highest of any; 0 for a value
    /// The value in the target's own units; 0 for classes.
    double value = 0;
    /// The classes' names; empty for a value.
    std::vector<std::string> classes = {};
    std::vector<double> probabilities = {};  ///< of each class
};

/// A model's outputs, one a target, after the loss' activation: probabilities of classes, or values as the model learns
/// them.
std::vector<TargetPredictions> decode_outputs(const TabularEncoder& data, const Tensors& outputs);

/// The same for the only row of the outputs.
std::vector<Prediction> decode_row(const TabularEncoder& data, const Tensors& outputs);
/// The same where the numbers of all outputs are side by side.
std::vector<Prediction> decode_row(const TabularEncoder& data, const std::vector<double>& outputs);

}  // namespace embark
