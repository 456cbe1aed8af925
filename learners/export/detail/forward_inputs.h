#pragma once

#include <nlohmann/json_fwd.hpp>

#include "../../../core/tensors.h"
#include "../../../predictor/exported_file.h"
#include "free_sizes.h"

namespace embark {

/// What a file's forward takes: tensors of these types and shapes, but for the free sizes.
struct ForwardInputs {
    Tensors example;
    FreeSizes free;
};

/// What a file's description says of them: a list of {"type": "int64", "shape": [2]}, the shape without the rows. Where
/// sizes are free, there is "free" besides, their names: ["m"], and "" for a fixed one.
nlohmann::json forward_inputs_json(const ForwardInputs& inputs);

/// What the description says, the example as zeros of two rows. Throws Error for a file of version 0.1, which does not
/// say.
ForwardInputs forward_inputs(const ExportedFile& file);

}  // namespace embark
