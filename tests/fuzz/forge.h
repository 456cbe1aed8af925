#pragma once

#include <random>
#include <string>

#include <embark/core/safetensors.h>

namespace embark::fuzz {

// Files that somebody has changed on purpose: right in every part but one, so that what looks at the whole lets them
// pass. Checksums are made good again by the harnesses.

/// A JSON document in which one value, any, is another: of another type, beyond every range, very long, empty, missing
/// or another's. What is not JSON gets another text.
std::string forged_json(const std::string& document, std::mt19937_64& random);

/// A tensor that one does not expect in the place of `tensor`: of another type, shape or size, or with other numbers.
at::Tensor forged_tensor(const at::Tensor& tensor, std::mt19937_64& random);

/// A tensor file in which one tensor or text, any, is forged, missing or another's.
TensorFile forged_tensors(TensorFile file, std::mt19937_64& random);

}  // namespace embark::fuzz
