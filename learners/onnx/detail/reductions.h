#pragma once

#include <vector>

#include "traced_operation.h"

namespace embark::onnx {

/// How many elements of an operation's `self` lie along `dims`, as a number of the graph; a constant unless it follows
/// from the batch.
Term number_of_elements(TracedOperation& op, const std::vector<int64_t>& dims, at::ScalarType type);

/// The p-norm of `x` along `dims`; p may be infinite.
Term vector_norm(const Term& x, double p, const std::vector<int64_t>& dims, bool keep);

}  // namespace embark::onnx
