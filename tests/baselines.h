#pragma once

#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include <embark/core/safetensors.h>

namespace embark::testing {

/// A baseline that another implementation made; see tests/baselines/README.md.
inline nlohmann::json json_baseline(const std::string& name) {
    return nlohmann::json::parse(std::ifstream(std::string(EMBARK_BASELINES) + "/" + name));
}
inline TensorFile tensor_baseline(const std::string& name) {
    return load_safetensors(std::string(EMBARK_BASELINES) + "/" + name);
}

/// The largest difference |a − b| / max(1, |b|) between two tensors of as many values, both flattened.
inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
    const auto x = a.detach().to(at::kDouble).reshape(-1), y = b.detach().to(at::kDouble).reshape(-1);
    return ((x - y).abs() / y.abs().clamp_min(1)).max().item<double>();
}

}  // namespace embark::testing
