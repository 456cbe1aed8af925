#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "../model.h"

namespace embark {

/// One layer of a model: a module that has no modules inside.
struct LayerSummary {
    std::string name;  ///< where it stands in the model: "layers.0"
    /// The class: "Linear".
    std::string type;
    /// Shape of its output for the batch that was looked at; empty where it cannot be told.
    std::vector<int64_t> output_shape = {};
    int64_t parameters = 0;  ///< numbers in its parameters
    /// Whether any of them is trained.
    bool trained = false;
};

/// What a model consists of.
struct Summary {
    std::string model;  ///< the module's class
    /// Shapes of the inputs that were looked at.
    std::vector<std::vector<int64_t>> input_shapes = {};
    std::vector<LayerSummary> layers = {};  ///< in the order they are called
    int64_t parameters = 0;                 ///< numbers in all parameters of the model
    int64_t trained_parameters = 0;         ///< numbers in those that are trained

    /// A table, a line a layer.
    std::string text() const;
};

/// Prints Summary::text().
std::ostream& operator<<(std::ostream& out, const Summary& summary);

/// Runs `inputs` through the model once, in eval mode and without gradients, and looks at each layer's output: that of
/// the first operation that takes the layer's parameters; for a layer without any, that of the operation of its name.
Summary summarize(const Model& model, const Tensors& inputs);

}  // namespace embark
