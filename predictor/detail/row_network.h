#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <torch/csrc/jit/api/module.h>
#include <nlohmann/json.hpp>

#include "../../core/range.h"
#include "../tabular_encoder.h"

namespace embark {

/// A TabularModel as a plain function of one row: batch norms are folded into the linear layers, and what is left is a
/// look-up in the embeddings and a few products, in float64 as files of numbers have them. It answers in microseconds,
/// where every operation on a tensor costs about one. Its const methods may be called from several threads.
class RowNetwork {
public:
    /// Of an exported TabularModel, what row_network_json said of it, and what encodes its inputs. Throws Error where
    /// these do not fit one another, nlohmann's and LibTorch's exceptions where something is missing.
    RowNetwork(const torch::jit::Module& module, const nlohmann::json& json, const TabularEncoder& encoder);

    /// Numbers that it gives: those of all outputs, side by side.
    int64_t n_out() const { return layers_.back().n_out; }

    /// The outputs as the model gives them in eval mode. `codes` and `numbers` are what the model takes of one row;
    /// codes beyond an embedding's rows are the caller's mistake.
    void operator()(const int64_t* codes, const float* numbers, std::vector<double>& outputs) const;

private:
    void require_shapes(const TabularEncoder& encoder) const;

    struct Embedding {
        int64_t n = 0, width = 0;
        std::vector<double> rows;  // (n, width)
    };
    struct Layer {
        int64_t n_in = 0, n_out = 0;
        std::vector<double> weight;  // (n_in, n_out)
        std::vector<double> bias;
        bool relu = false;
    };
    class Builder;

    std::vector<Embedding> embeddings_;
    int64_t n_numbers_ = 0;
    std::vector<Layer> layers_;
    /// Outputs brought into y_range, by their place.
    std::vector<int64_t> bounded_;
    Range y_range_;
};

}  // namespace embark
