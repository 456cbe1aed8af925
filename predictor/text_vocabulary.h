#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// Which tokens a TextVocabulary takes in; fastai's names.
struct TextVocabularyOptions {
    /// Tokens that occur more rarely are unknown.
    int64_t min_freq = 2;
    /// At most so many of the most frequent tokens, the two special ones not counted.
    int64_t max_vocab = 20000;
};

/// The tokens of texts (see TokenReader) and the number of each: 0 is padding, 1 any unknown token, and from 2 on come
/// the tokens by falling frequency, equally frequent ones sorted by their bytes. An immutable value; copies share.
class TextVocabulary {
public:
    static constexpr std::string_view kPadding = "xxpad";  ///< token 0: what fills shorter texts up
    /// Token 1: every token that training did not have, or too rarely.
    static constexpr std::string_view kUnknown = "xxunk";

    /// Only padding and the unknown token.
    TextVocabulary();

    /// The tokens of `texts`. Throws UsageError for a min_freq below 1 or a negative max_vocab.
    static TextVocabulary fit(const std::vector<std::string>& texts, const TextVocabularyOptions& options = {});

    /// The same, of views of texts.
    static TextVocabulary fit_views(const std::vector<std::string_view>& texts,
                                    const TextVocabularyOptions& options = {});

    /// A vocabulary with exactly these tokens, xxpad and xxunk first; as tokens() gave them.
    static TextVocabulary from_tokens(std::vector<std::string> tokens);

    /// How many there are, the special ones included: the rows that an embedding needs.
    int64_t size() const;

    /// The number of `token`; 1 where it is unknown, and for the names of the special tokens, which no text can mean.
    int64_t index(std::string_view token) const;

    /// All tokens by number; the first are xxpad and xxunk.
    const std::vector<std::string>& tokens() const;

    /// The numbers of the first `max_len` tokens of each text, as int64 of (texts, max_len), with padding at the end.
    /// Throws UsageError for a max_len below 1.
    at::Tensor encode(const std::vector<std::string>& texts, int64_t max_len) const;

    /// The same, of views of texts.
    at::Tensor encode_views(const std::vector<std::string_view>& texts, int64_t max_len) const;

private:
    struct Impl;
    explicit TextVocabulary(std::shared_ptr<const Impl> impl);
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
