#include "text_vocabulary.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <ATen/ATen.h>

#include "../core/detail/parallel.h"
#include "../core/error.h"
#include "tokenizer.h"

namespace embark {

struct TextVocabulary::Impl {
    std::vector<std::string> tokens;
    /// Those of texts alone; the keys are views of `tokens`.
    std::unordered_map<std::string_view, int64_t> indices;

    explicit Impl(std::vector<std::string> all_tokens) : tokens(std::move(all_tokens)) {
        indices.reserve(tokens.size());
        for (size_t i = 2; i < tokens.size(); ++i) {
            require(indices.emplace(tokens[i], static_cast<int64_t>(i)).second, "A vocabulary has '", tokens[i],
                    "' twice; every token may stand in it once");
        }
    }
};

namespace {

/// Lets a map of texts be asked for a view.
struct ViewHash : std::hash<std::string_view> {
    using is_transparent = void;
};

/// How often tokens occur.
class TokenCounts {
public:
    void add(std::string_view text) {
        TokenReader reader(text);
        while (const auto token = reader.next()) {
            const auto found = counts_.find(*token);
            if (found == counts_.end()) {
                counts_.emplace(*token, 1);
            } else {
                ++found->second;
            }
        }
    }

    TextVocabulary vocabulary(const TextVocabularyOptions& options) const {
        std::vector<std::pair<std::string, int64_t>> frequent;
        for (const auto& entry : counts_) {
            const bool special = entry.first == TextVocabulary::kPadding || entry.first == TextVocabulary::kUnknown;
            if (entry.second >= options.min_freq && !special) frequent.push_back(entry);
        }
        std::sort(frequent.begin(), frequent.end(), [](const auto& a, const auto& b) {
            return a.second != b.second ? a.second > b.second : a.first < b.first;
        });
        if (frequent.size() > static_cast<size_t>(options.max_vocab)) {
            frequent.resize(static_cast<size_t>(options.max_vocab));
        }
        std::vector<std::string> tokens = {std::string(TextVocabulary::kPadding),
                                           std::string(TextVocabulary::kUnknown)};
        for (auto& entry : frequent) tokens.push_back(std::move(entry.first));
        return TextVocabulary::from_tokens(std::move(tokens));
    }

private:
    std::unordered_map<std::string, int64_t, ViewHash, std::equal_to<>> counts_;
};

void check(const TextVocabularyOptions& options) {
    require<UsageError>(options.min_freq >= 1, "Invalid min_freq ", options.min_freq, ": at least 1 is needed");
    require<UsageError>(options.max_vocab >= 0, "Invalid max_vocab ", options.max_vocab, ": it must not be negative");
}

}  // namespace

TextVocabulary::TextVocabulary() : TextVocabulary(from_tokens({std::string(kPadding), std::string(kUnknown)})) {}

TextVocabulary::TextVocabulary(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

TextVocabulary TextVocabulary::fit(const std::vector<std::string>& texts, const TextVocabularyOptions& options) {
    return fit_views({texts.begin(), texts.end()}, options);
}

TextVocabulary TextVocabulary::fit_views(const std::vector<std::string_view>& texts,
                                         const TextVocabularyOptions& options) {
    check(options);
    TokenCounts counts;
    for (const std::string_view text : texts) counts.add(text);
    return counts.vocabulary(options);
}

TextVocabulary TextVocabulary::from_tokens(std::vector<std::string> tokens) {
    require(tokens.size() >= 2 && tokens[0] == kPadding && tokens[1] == kUnknown,
            "The first tokens of a vocabulary of texts must be '", kPadding, "' and '", kUnknown, "'");
    return TextVocabulary(std::make_shared<const Impl>(std::move(tokens)));
}

int64_t TextVocabulary::size() const {
    return static_cast<int64_t>(impl_->tokens.size());
}

int64_t TextVocabulary::index(std::string_view token) const {
    const auto found = impl_->indices.find(token);
    return found == impl_->indices.end() ? 1 : found->second;
}

const std::vector<std::string>& TextVocabulary::tokens() const {
    return impl_->tokens;
}

at::Tensor TextVocabulary::encode(const std::vector<std::string>& texts, int64_t max_len) const {
    return encode_views({texts.begin(), texts.end()}, max_len);
}

at::Tensor TextVocabulary::encode_views(const std::vector<std::string_view>& texts, int64_t max_len) const {
    require<UsageError>(max_len >= 1, "Invalid max_len ", max_len, ": at least 1 is needed");
    const auto rows = static_cast<int64_t>(texts.size());
    at::Tensor encoded = at::zeros({rows, max_len}, at::kLong);
    int64_t* data = encoded.mutable_data_ptr<int64_t>();
    parallel_for(rows, /*grain=*/1000, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            TokenReader reader(texts[static_cast<size_t>(row)]);
            int64_t* out = data + row * max_len;
            for (int64_t i = 0; i < max_len; ++i) {
                const auto token = reader.next();
                if (!token) break;
                out[i] = index(*token);
            }
        }
    });
    return encoded;
}

}  // namespace embark
