#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/pimpl.h>

#include "../core/tensors.h"
#include "text_encoder_options.h"

namespace embark {

/// Texts as rows of numbers: (n, len) int64 of tokens, with padding (0) at the end, to (n, width()). Tokens are
/// embedded and go through a recurrent layer, whose outputs are pooled. Padding changes nothing: a text's row is the
/// same whatever its padding, and that of padding alone is 0. An exported file takes any number of texts of any length.
///
/// Parameters: `embedding.weight` (n_tokens, embedding_size), whose row 0 stays 0, and those of torch::nn::GRU or LSTM
/// under `rnn`.
class TextEncoderImpl : public torch::nn::Cloneable<TextEncoderImpl> {
public:
    /// Throws UsageError for settings that can never be right.
    explicit TextEncoderImpl(const TextEncoderOptions& options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Rows of numbers (n, width()) for tokens (n, len).
    at::Tensor forward(const at::Tensor& tokens);

    /// The number of values that each text becomes.
    int64_t width() const;

    TextEncoderOptions options;               ///< what it was made with
    torch::nn::Embedding embedding{nullptr};  ///< of the tokens
    torch::nn::Dropout dropout{nullptr};      ///< of the embedded tokens
    /// The one that options.recurrence asks for; the other is empty.
    torch::nn::GRU gru{nullptr};
    torch::nn::LSTM lstm{nullptr};  ///< the one or the other, as `gru`

private:
    struct Outputs {
        at::Tensor packed, state;
    };
    Outputs recur(const at::Tensor& packed, const at::Tensor& batch_sizes, const at::Tensor& first_state);
};
TORCH_MODULE(TextEncoder);

}  // namespace embark
