#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace torch::jit {
struct Node;
struct Value;
}  // namespace torch::jit

namespace embark {

/// As long as it lives, notes where C++ code on this thread takes numbers out of the tensors of the trace that is being
/// made, as item() does: a trace keeps such a number, and what C++ decides by it, whatever the input is later. One at a
/// time on a thread.
class ValueReads {
public:
    ValueReads();
    ~ValueReads();
    ValueReads(const ValueReads&) = delete;
    ValueReads& operator=(const ValueReads&) = delete;

    /// Why the trace must not be kept: a number was taken that follows from an input of `forward`. To be asked while
    /// the trace is still being made. Reads on from "RatingNet cannot be exported: ".
    std::optional<std::string> objection() const;

    /// Whether torch::nn::MultiheadAttention compared its inputs: it goes on in one of two ways that give the same.
    bool has_attention() const;

    /// The numbers that were taken and, by the trace, follow from no input.
    const std::vector<double>& constants() const { return constants_; }

    /// `operation` is about to read `tensor`, and `other` where that is defined.
    void note(const std::string& operation, const at::Tensor& tensor, const at::Tensor& other);

private:
    struct Read {
        std::string operation;
        /// What was read, and of `equal` what it was compared with; null for what the trace does not know.
        const torch::jit::Value *value, *other;
        /// The last node before.
        const torch::jit::Node* after;
    };

    bool is_asked_by_attention(size_t read) const;

    uint64_t handle_;
    std::vector<Read> reads_;
    std::vector<double> constants_;
};

}  // namespace embark
