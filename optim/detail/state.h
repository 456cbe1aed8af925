#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// Reads an optimizer's saved state and collects what is wrong with it, so that one Error can name all of it before
/// anything is changed. For optimizers to load with; not part of the public interface.
class StateReader {
public:
    StateReader(std::string what, const std::map<std::string, at::Tensor>& state);

    /// Whether the state has any of `parts` of `parameter`.
    bool has_any(const std::string& parameter, const std::vector<std::string>& parts) const;

    /// A copy of the tensor `name`, checked to have `shape`, with the type and device of `options`; undefined where it
    /// is missing or has another shape, which finish() reports.
    at::Tensor take(const std::string& name, at::IntArrayRef shape, const at::TensorOptions& options);

    /// The count `name`, an integer of at least 0; 0 where it is missing or invalid, which finish() reports.
    int64_t take_count(const std::string& name);

    /// Throws Error where anything was missing, of another shape, or left over.
    void finish() const;

private:
    std::string what_;
    const std::map<std::string, at::Tensor>& state_;
    std::set<std::string> taken_;
    std::vector<std::string> problems_;
};

}  // namespace embark
