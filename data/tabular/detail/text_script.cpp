#include "text_script.h"

namespace embark {

// It computes what predictor/tokenizer.cpp does. TorchScript's texts are bytes. A character is its kind (0 space, 1
// letter, 2 mark, 3 apostrophe) and its length.
const char* const kTextScript = R"(
def _embark_character(self, text: str, at: int) -> Tuple[int, int]:
    lead = ord(text[at])
    if lead < 128:
        if lead <= 32 or lead == 127:
            return 0, 1
        if lead == 39:
            return 3, 1
        letter = (lead >= 48 and lead <= 57) or (lead >= 65 and lead <= 90) or (lead >= 97 and lead <= 122)
        return 1 if letter else 2, 1
    expected = 4 if lead >= 0xf0 else 3 if lead >= 0xe0 else 2 if lead >= 0xc0 else 1
    length = 1
    while length < expected and at + length < len(text) and ord(text[at + length]) // 64 == 2:
        length += 1
    if length < expected:
        return 1, length
    if lead == 0xc2:
        return 0 if ord(text[at + 1]) == 0xa0 else 2, length
    if lead == 0xe2 and ord(text[at + 1]) == 0x80:
        last = ord(text[at + 2])
        if last <= 0x8b or last == 0xa8 or last == 0xa9 or last == 0xaf:
            return 0, length
        return 3 if last == 0x99 else 2, length
    if lead == 0xe3 and ord(text[at + 1]) == 0x80 and ord(text[at + 2]) == 0x80:
        return 0, length
    alone = lead >= 0xf0 or (lead >= 0xe3 and lead <= 0xe9)
    return 2 if alone else 1, length

def _embark_tokens(self, text: str) -> List[str]:
    tokens: List[str] = []
    word = ""
    at = 0
    while at < len(text):
        kind, length = self._embark_character(text, at)
        piece = text[at:at + length]
        at += length
        if kind == 3:
            piece = "'"
            kind = 2
            if len(word) > 0 and at < len(text):
                following, _ = self._embark_character(text, at)
                if following == 1:
                    kind = 1
        if kind == 1:
            if length == 1:
                piece = piece.lower()
            word += piece
        else:
            if len(word) > 0:
                tokens.append(word)
                word = ""
            if kind == 2:
                tokens.append(piece)
    if len(word) > 0:
        tokens.append(word)
    return tokens
)";

}  // namespace embark
