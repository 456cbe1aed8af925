#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "onnx_file.h"

namespace embark {

/// Lays ONNX files out as a model repository of Triton Inference Server, and returns the names of the models: for
/// `movies.recommend.onnx` the model `movies_recommend` with DIR/movies_recommend/1/model.onnx and
/// DIR/movies_recommend/config.pbtxt, which names its inputs and outputs as Triton's documentation of model configurations
/// has it. What was there under these names is replaced. Throws Error, before anything is written, for a file that is not
/// ONNX or has an input or output of a type that Triton does not have, and for two models of one name.
std::vector<std::string> write_triton_repository(const std::vector<OnnxBytes>& files, const std::filesystem::path& dir);

}  // namespace embark
