#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

#include "../../core/bags.h"

namespace embark {

class FactorizationModelImpl;

/// Row i's slice of `rows`[i], where each row of a table is cut into so many slices and row i of a batch has the slice
/// i % slices: its row in the table of slices. (n) of the type of `rows`.
at::Tensor member_slices(const at::Tensor& rows, int64_t slices);

/// The weight that each of `partners` (n) has in the bag of the row of `rows` (n) beside it: (n) float32 on the CPU, 0
/// where it is not in there.
at::Tensor own_weights(const Bags& bags, const at::Tensor& rows, const at::Tensor& partners);

/// FactorizationModel's scores, (n, members), in training (n, 1), as one node of autograd: what the operations give, to rounding. Each
/// number is added up by one thread in one order, so that weights are the same bits for any number of threads. Nothing
/// where the model is not of float32 on the CPU, is traced, or `x` has a row that a table has not, which LibTorch's
/// operations say then.
std::optional<at::Tensor> one_node_scores(const FactorizationModelImpl& model, const at::Tensor& x);

}  // namespace embark
