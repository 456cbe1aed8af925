#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/pimpl.h>

#include "../core/tensors.h"

namespace embark {

/// The kind of recurrent layer.
enum class Recurrence { gru, lstm };

/// How the outputs at all positions of a text become one row.
enum class TextPooling {
    mean_max,  ///< their mean and their maximum, one after the other
    last,      ///< the state after the last token (going backwards: after the first)
};

/// Sizes of a TextEncoder.
struct TextEncoderOptions {
    /// Rows of the embedding, padding at 0 included: TextVocabulary::size().
    int64_t n_tokens = 0;
    int64_t embedding_size = 64;
    /// Width of the recurrent layer, in each direction.
    int64_t hidden_size = 64;
    Recurrence recurrence = Recurrence::gru;
    int64_t n_layers = 1;
    /// Read texts backwards too.
    bool bidirectional = true;
    TextPooling pooling = TextPooling::mean_max;
    /// Dropout of the embedded tokens.
    double embed_p = 0;
};

/// Texts as rows of numbers: (n, len) int64 of tokens, with padding (0) at the end, to (n, width()). Tokens are
/// embedded and go through a recurrent layer, whose outputs are pooled. Padding changes nothing: a text's row is the
/// same whatever its padding, and that of padding alone is 0. An exported file takes any number of texts of any length.
///
/// Parameters: `embedding.weight` (n_tokens, embedding_size), whose row 0 stays 0, and those of torch::nn::GRU or LSTM
/// under `rnn`.
class TextEncoderImpl : public torch::nn::Cloneable<TextEncoderImpl> {
public:
    explicit TextEncoderImpl(const TextEncoderOptions& options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    at::Tensor forward(const at::Tensor& tokens);

    /// The number of values that each text becomes.
    int64_t width() const;

    TextEncoderOptions options;
    torch::nn::Embedding embedding{nullptr};
    torch::nn::Dropout dropout{nullptr};
    /// The one that options.recurrence asks for; the other is empty.
    torch::nn::GRU gru{nullptr};
    torch::nn::LSTM lstm{nullptr};

private:
    struct Outputs {
        at::Tensor packed, state;
    };
    Outputs recur(const at::Tensor& packed, const at::Tensor& batch_sizes, const at::Tensor& first_state);
};
TORCH_MODULE(TextEncoder);

}  // namespace embark
