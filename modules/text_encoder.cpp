#include "text_encoder.h"

#include <limits>

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

namespace {

void check_text_encoder(const TextEncoderOptions& options) {
    require<UsageError>(options.n_tokens >= 2, "Invalid n_tokens ", options.n_tokens,
                        ": at least 2 are needed, padding and one token");
    require<UsageError>(options.embedding_size >= 1 && options.hidden_size >= 1 && options.n_layers >= 1,
                        "Invalid sizes of a TextEncoder: embedding_size ", options.embedding_size, ", hidden_size ",
                        options.hidden_size, ", n_layers ", options.n_layers, "; at least 1 of each is needed");
    require<UsageError>(options.embed_p >= 0 && options.embed_p < 1, "Invalid embed_p ", options.embed_p,
                        ": it must be at least 0 and below 1");
}

int64_t directions(const TextEncoderOptions& options) {
    return options.bidirectional ? 2 : 1;
}

/// (n): positions up to the last that is no padding.
at::Tensor lengths_of(const at::Tensor& tokens) {
    return (tokens.ne(0).flip({1}).cumsum(1) > 0).sum(1);
}

/// The outputs of packed texts as (n, longest, width), with `padding` after the end of each.
at::Tensor unpacked(const at::Tensor& packed, const at::Tensor& batch_sizes, double padding) {
    return std::get<0>(
        at::_pad_packed_sequence(packed, batch_sizes, /*batch_first=*/true, padding, /*total_length=*/-1));
}

}  // namespace

TextEncoderImpl::TextEncoderImpl(const TextEncoderOptions& options_) : options(options_) {
    check_text_encoder(options);
    reset();
}

void TextEncoderImpl::reset() {
    namespace nn = torch::nn;
    const auto as_asked = [&](auto layer) {
        return layer.num_layers(options.n_layers).bidirectional(options.bidirectional).batch_first(true);
    };
    embedding = register_module(
        "embedding", nn::Embedding(nn::EmbeddingOptions(options.n_tokens, options.embedding_size).padding_idx(0)));
    dropout = register_module("dropout", nn::Dropout(options.embed_p));
    if (options.recurrence == Recurrence::gru) {
        gru = register_module("rnn", nn::GRU(as_asked(nn::GRUOptions(options.embedding_size, options.hidden_size))));
    } else {
        lstm = register_module("rnn", nn::LSTM(as_asked(nn::LSTMOptions(options.embedding_size, options.hidden_size))));
    }
}

void TextEncoderImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::TextEncoder(n_tokens=" << options.n_tokens << ", embedding_size=" << options.embedding_size
           << ", hidden_size=" << options.hidden_size << ", width=" << width() << ")";
}

int64_t TextEncoderImpl::width() const {
    const int64_t of_position = options.hidden_size * directions(options);
    return options.pooling == TextPooling::mean_max ? 2 * of_position : of_position;
}

// torch::nn's recurrent layers make their first state from the number of rows that they see, which a trace would keep.
// So the functions below them are called with a state that follows from the input.
TextEncoderImpl::Outputs TextEncoderImpl::recur(const at::Tensor& packed, const at::Tensor& batch_sizes,
                                                const at::Tensor& first_state) {
    if (options.recurrence == Recurrence::gru) {
        auto [outputs, state] = at::gru(packed, batch_sizes, first_state, gru->all_weights(), /*has_biases=*/true,
                                        options.n_layers, /*dropout=*/0, is_training(), options.bidirectional);
        return {outputs, state};
    }
    auto [outputs, state, cell] =
        at::lstm(packed, batch_sizes, {first_state, first_state}, lstm->all_weights(), /*has_biases=*/true,
                 options.n_layers, /*dropout=*/0, is_training(), options.bidirectional);
    return {outputs, state};
}

at::Tensor TextEncoderImpl::forward(const at::Tensor& tokens) {
    require(tokens.dim() == 2, "A TextEncoder takes texts as (n, length) numbers of tokens, not a tensor of shape ",
            tokens.sizes());
    // Packed, texts are read to their own ends and no further. They are packed longest first, and at least one position
    // long; what comes of those that have none is left out at the end.
    const at::Tensor lengths = lengths_of(tokens);
    const auto [sorted_lengths, order] = lengths.clamp_min(1).sort(/*dim=*/0, /*descending=*/true);
    const at::Tensor embedded = dropout(embedding(tokens.index_select(0, order)));
    const auto [packed, batch_sizes] = at::_pack_padded_sequence(embedded, sorted_lengths.cpu(), /*batch_first=*/true);
    const at::Tensor first_state = at::zeros_like(embedded.select(1, 0).narrow(1, 0, 1))
                                       .unsqueeze(0)
                                       .expand({options.n_layers * directions(options), -1, options.hidden_size})
                                       .contiguous();
    const Outputs outputs = recur(packed, batch_sizes, first_state);

    at::Tensor pooled;
    if (options.pooling == TextPooling::mean_max) {
        constexpr double kLowest = -std::numeric_limits<double>::infinity();
        const at::Tensor mean =
            unpacked(outputs.packed, batch_sizes, 0).sum(1) / sorted_lengths.unsqueeze(1).to(embedded.scalar_type());
        pooled = at::cat({mean, unpacked(outputs.packed, batch_sizes, kLowest).amax(1)}, 1);
    } else {
        // The last layer's states come last, one for each direction.
        pooled = outputs.state.slice(0, -directions(options)).transpose(0, 1).flatten(1);
    }
    return pooled.index_select(0, order.argsort()) * (lengths > 0).unsqueeze(1);
}

}  // namespace embark
