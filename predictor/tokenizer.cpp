#include "tokenizer.h"

namespace embark {

namespace {

enum class Kind { space, letter, mark, apostrophe };

struct Character {
    Kind kind;
    size_t length;
};

Character ascii(unsigned char c) {
    if (c <= ' ' || c == 0x7f) return {Kind::space, 1};
    if (c == '\'') return {Kind::apostrophe, 1};
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return {letter ? Kind::letter : Kind::mark, 1};
}

/// What the last byte of a character of U+2000 to U+203F says.
Kind general_punctuation(unsigned char last) {
    if (last <= 0x8b || last == 0xa8 || last == 0xa9 || last == 0xaf) return Kind::space;
    return last == 0x99 ? Kind::apostrophe : Kind::mark;
}

/// The character that begins at `position`. The same in TorchScript: data/tabular/detail/text_script.cpp.
Character character_at(std::string_view text, size_t position) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[position + i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return ascii(lead);
    const size_t expected = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    size_t length = 1;
    while (length < expected && position + length < text.size() && (byte(length) & 0xc0) == 0x80) ++length;
    if (length < expected) return {Kind::letter, length};
    if (lead == 0xc2) return {byte(1) == 0xa0 ? Kind::space : Kind::mark, length};
    if (lead == 0xe2 && byte(1) == 0x80) return {general_punctuation(byte(2)), length};
    if (lead == 0xe3 && byte(1) == 0x80 && byte(2) == 0x80) return {Kind::space, length};
    const bool alone = lead >= 0xf0 || (lead >= 0xe3 && lead <= 0xe9);
    return {alone ? Kind::mark : Kind::letter, length};
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::optional<std::string_view> TokenReader::next() {
    token_.clear();
    while (position_ < text_.size()) {
        const Character here = character_at(text_, position_);
        const size_t after = position_ + here.length;
        const bool joins = here.kind == Kind::apostrophe && !token_.empty() && after < text_.size() &&
                           character_at(text_, after).kind == Kind::letter;
        const bool in_word = here.kind == Kind::letter || joins;
        // A word ends before what is no part of it, which is then looked at again.
        if (!in_word && !token_.empty()) return token_;
        if (here.kind == Kind::apostrophe) {
            token_ += '\'';
        } else if (here.kind != Kind::space) {
            for (const char c : text_.substr(position_, here.length)) token_ += lower(c);
        }
        position_ = after;
        if (!in_word && !token_.empty()) return token_;
    }
    return token_.empty() ? std::nullopt : std::optional<std::string_view>(token_);
}

std::vector<std::string> tokenize(std::string_view text) {
    std::vector<std::string> tokens;
    TokenReader reader(text);
    while (const auto token = reader.next()) tokens.emplace_back(*token);
    return tokens;
}

}  // namespace embark
