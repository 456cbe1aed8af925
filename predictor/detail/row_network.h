#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/csrc/jit/api/module.h>
#include <nlohmann/json.hpp>

#include "../tabular_encoder.h"

namespace embark {

/// A TabularModel as a plain function of one row: batch norms are folded into the linear layers, and what is left is a
/// look-up in the embeddings and a few products. It answers in microseconds, where every operation on a tensor costs
/// about one. Its const methods may be called from several threads.
class RowNetwork {
public:
    virtual ~RowNetwork() = default;

    /// Of an exported TabularModel, what row_network_json said of it, and what encodes its inputs; it computes in the
    /// type of the model's parameters. Throws Error where these do not fit one another, nlohmann's and LibTorch's
    /// exceptions where something is missing.
    static std::unique_ptr<const RowNetwork> make(const torch::jit::Module& module, const nlohmann::json& json,
                                                  const TabularEncoder& encoder);

    /// The outputs as the model gives them in eval mode, those of all targets side by side. `codes` and `numbers` are
    /// what the model takes of one row; codes beyond an embedding's rows are the caller's mistake.
    virtual std::vector<double> operator()(const int64_t* codes, const float* numbers) const = 0;
};

}  // namespace embark
