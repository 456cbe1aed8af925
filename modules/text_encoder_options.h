#pragma once

#include <cstdint>

namespace embark {

/// The kind of recurrent layer.
enum class Recurrence {
    gru,  ///< torch::nn::GRU
    lstm  ///< torch::nn::LSTM
};

/// How the outputs at all positions of a text become one row.
enum class TextPooling {
    mean_max,  ///< their mean and their maximum, one after the other
    last,      ///< the state after the last token (going backwards: after the first)
};

/// Sizes of a TextEncoder.
struct TextEncoderOptions {
    /// Rows of the embedding, padding at 0 included: TextVocabulary::size().
    int64_t n_tokens = 0;
    int64_t embedding_size = 64;  ///< width of a token's embedding
    /// Width of the recurrent layer, in each direction.
    int64_t hidden_size = 64;
    Recurrence recurrence = Recurrence::gru;  ///< the kind of recurrent layer
    int64_t n_layers = 1;                     ///< recurrent layers, one on top of the other
    /// Read texts backwards too.
    bool bidirectional = true;
    TextPooling pooling = TextPooling::mean_max;  ///< how positions become one row
    /// Dropout of the embedded tokens.
    double embed_p = 0;
};

}  // namespace embark
