#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <vector>

#include "safetensors.h"

namespace embark {

/// Values by name that are saved and read back exactly: tensors, numbers (NaN and infinities too), lists of numbers,
/// text, and groups of these under a name of their own.
///
///     state.set("best", best_);
///     best_ = state.get<double>("best");
class StateDict {
public:
    StateDict() = default;
    /// Of what content() gave.
    explicit StateDict(TensorFile content) : content_(std::move(content)) {}

    /// Puts a number under `name`, in the place of a value that is there.
    template <std::floating_point Number>
    void set(const std::string& name, Number value) {
        set_number(name, value);
    }
    /// Puts an integer, or true or false, under `name`.
    template <std::integral Number>
    void set(const std::string& name, Number value) {
        set_integer(name, static_cast<int64_t>(value));
    }
    /// Puts a list of numbers under `name`.
    void set(const std::string& name, const std::vector<double>& values);
    /// Puts a copy of a tensor under `name`. Throws Error for an undefined one.
    void set(const std::string& name, const at::Tensor& tensor);
    /// Puts a text of any bytes under `name`.
    void set(const std::string& name, const std::string& text);
    /// All of `part`, under "<name>.".
    void set(const std::string& name, const StateDict& part);

    /// The value under `name`, as double, int64_t, bool, std::string, std::vector<double> or at::Tensor. Throws Error
    /// where it is missing, or one of another kind.
    template <class Value>
    Value get(const std::string& name) const;

    /// The integer under `name`, from `least` to `most`, by default more than can be counted. Throws Error where it is
    /// missing, of another kind or outside: what was read from a file may be anything.
    int64_t get_integer(const std::string& name, int64_t least, int64_t most = 1'000'000'000'000'000) const;
    /// The tensor under `name`. Throws Error where it is missing, or has another shape or type than `like`.
    at::Tensor get_like(const std::string& name, const at::Tensor& like) const;

    /// Whether there is a value under `name`.
    bool has(const std::string& name) const;
    /// What was set under "<name>.", empty where nothing was.
    StateDict part(const std::string& name) const;
    /// Names of the parts, as in "<name>.…", each once.
    std::vector<std::string> parts() const;
    /// Whether nothing was set.
    bool empty() const { return content_.tensors.empty() && content_.metadata.empty(); }

    /// Numbers as tensors of no dimension, lists as tensors of one, text as metadata, or as bytes where it is not
    /// UTF-8: what a safetensors file holds.
    const TensorFile& content() const { return content_; }

private:
    void set_number(const std::string& name, double value);
    void set_integer(const std::string& name, int64_t value);
    at::Tensor tensor(const std::string& name, int64_t dimensions, at::ScalarType type, const char* what) const;

    TensorFile content_;
};

// The types that get() lists, which have no documentation of their own.
/// @cond
template <>
double StateDict::get<double>(const std::string& name) const;
template <>
int64_t StateDict::get<int64_t>(const std::string& name) const;
template <>
bool StateDict::get<bool>(const std::string& name) const;
template <>
std::string StateDict::get<std::string>(const std::string& name) const;
template <>
std::vector<double> StateDict::get<std::vector<double>>(const std::string& name) const;
template <>
at::Tensor StateDict::get<at::Tensor>(const std::string& name) const;
/// @endcond

}  // namespace embark
