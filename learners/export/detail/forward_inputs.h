#pragma once

#include <nlohmann/json_fwd.hpp>

#include "../../../core/tensors.h"
#include "../../../predictor/exported_file.h"

namespace embark {

/// What a file's description says of the tensors that its forward takes: a list of {"type": "int64", "shape": [2]},
/// the shape without the rows.
nlohmann::json forward_inputs_json(const Tensors& example);

/// Tensors of these types and shapes, zeros of two rows. Throws Error for a file of version 0.1, which does not say.
Tensors forward_example(const ExportedFile& file);

}  // namespace embark
