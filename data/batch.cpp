#include "batch.h"

#include <ATen/ATen.h>

namespace embark {

double Batch::weight() const {
    return weights.defined() ? weights.sum(at::kDouble).item<double>() : static_cast<double>(size());
}

Batch Batch::take(const at::Tensor& indices) const {
    const auto take = [&](const at::Tensor& tensor) { return tensor.index_select(0, indices.to(tensor.device())); };
    const auto take_all = [&](const Tensors& tensors) {
        Tensors taken;
        taken.reserve(tensors.size());
        for (const auto& tensor : tensors) taken.push_back(take(tensor));
        return taken;
    };
    return {.inputs = take_all(inputs),
            .targets = take_all(targets),
            .weights = weights.defined() ? take(weights) : at::Tensor()};
}

}  // namespace embark
