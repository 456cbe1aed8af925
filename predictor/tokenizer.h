#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// The words and punctuation marks of a UTF-8 text, one after the other:
///
/// - Words are runs of letters and digits. A–Z become a–z; letters beyond ASCII stay as they are. An apostrophe between
///   two letters or digits is a part of the word: "Don't" -> "don't".
/// - Each other character that is no space is a token of its own: punctuation (of ASCII, U+0080 to U+00BF, U+2000 to
///   U+203F), what lies beyond U+FFFF, such as emoji, and the characters from U+3000 to U+9FFF, since Chinese and
///   Japanese have no spaces between words. The apostrophe ’ becomes '.
///
/// Bytes that are not UTF-8 are letters.
class TokenReader {
public:
    /// `text` must outlive it.
    explicit TokenReader(std::string_view text) : text_(text) {}

    /// The next token, which stays valid until the next call; nothing at the end.
    std::optional<std::string_view> next();

private:
    std::string_view text_;
    size_t position_ = 0;
    std::string token_;
};

/// All tokens of `text`, as TokenReader gives them.
std::vector<std::string> tokenize(std::string_view text);

}  // namespace embark
