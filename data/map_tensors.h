#pragma once

#include "batch.h"

namespace embark {

/// `batch` with every tensor replaced by `function(tensor)`; weights that are not defined stay so.
template <class Function>
Batch map_tensors(const Batch& batch, Function function) {
    const auto map_all = [&](const Tensors& tensors) {
        Tensors mapped;
        mapped.reserve(tensors.size());
        for (const auto& tensor : tensors) mapped.push_back(function(tensor));
        return mapped;
    };
    return {.inputs = map_all(batch.inputs),
            .targets = map_all(batch.targets),
            .weights = batch.weights.defined() ? function(batch.weights) : at::Tensor()};
}

}  // namespace embark
