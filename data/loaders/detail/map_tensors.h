#pragma once

#include "../batch.h"

namespace embark {

/// `function(tensor)` of every tensor.
template <class Function>
Tensors map_tensors(const Tensors& tensors, Function function) {
    Tensors mapped;
    mapped.reserve(tensors.size());
    for (const auto& tensor : tensors) mapped.push_back(function(tensor));
    return mapped;
}

/// `batch` with every tensor replaced by `function(tensor)`; weights that are not defined stay so.
template <class Function>
Batch map_tensors(const Batch& batch, Function function) {
    return {.inputs = map_tensors(batch.inputs, function),
            .targets = map_tensors(batch.targets, function),
            .weights = batch.weights.defined() ? function(batch.weights) : at::Tensor()};
}

}  // namespace embark
