#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

namespace embark {

class TabularModelImpl;

/// The outputs of `model` in training, before they are brought into ranges and apart, as one node of autograd rather
/// than one for each operation: the same numbers to rounding, where small batches otherwise spend most of their time
/// between the operations.
///
/// Nothing where the model needs more than embeddings, linear layers, ReLU and its own batch norm of float32 on the
/// CPU, where nothing is trained, and where the batch is large, so that operations on all threads are faster.
std::optional<at::Tensor> one_node_pass(const TabularModelImpl& model, const at::Tensor& x_cat,
                                        const at::Tensor& x_cont);

}  // namespace embark
