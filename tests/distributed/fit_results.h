#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace embark {

class Learner;

namespace testing {

/// How many processes there are, by the environment.
int64_t world_size();

/// Writes what a fit came to as `name`, by default "<processes>.safetensors": weights, buffers, the optimizer's state,
/// losses and the rows of the table. Throws where a process has something else than the others.
void write_fit(Learner& learn, const std::filesystem::path& folder, const std::string& name = {});

using FitResult = std::map<std::string, at::Tensor>;
/// What was written as "<name>.safetensors".
FitResult read_fit(const std::filesystem::path& folder, const std::string& name);

/// The same names, and the same values to `tolerance`; a NaN equals a NaN alone.
void expect_alike(const FitResult& one, const FitResult& other, double tolerance);

}  // namespace testing
}  // namespace embark
