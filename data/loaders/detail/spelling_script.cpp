#include "spelling_script.h"

#include <string>
#include <vector>

#include <ATen/core/ivalue.h>

#include "../../../core/detail/number_words.h"

namespace embark {

namespace {

// It computes what predictor/spelling.cpp and SeenValues do. TorchScript's own int(text) and float(text) read other numbers.
constexpr const char* kSpelling = R"(
def _embark_without_blanks(self, text: str) -> str:
    begin, end = 0, len(text)
    while begin < end and (text[begin] == " " or text[begin] == "\t"):
        begin += 1
    while begin < end and (text[end - 1] == " " or text[end - 1] == "\t"):
        end -= 1
    return text[begin:end]

def _embark_spell(self, text: str, spelling: int) -> str:
    word = self._embark_without_blanks(text)
    if spelling == 2:
        lower = word.lower()
        return lower if lower == "true" or lower == "false" else text
    if spelling == 3:
        return word
    begin = 1 if len(word) > 0 and word[0] == "-" else 0
    end = begin
    while end < len(word) and ord(word[end]) >= 48 and ord(word[end]) <= 57:
        end += 1
    if spelling != 1:
        return text
    if end == begin or (word[begin] == "0" and end > begin + 1):
        return word
    if end < len(word):
        if word[end] != "." or end + 1 == len(word):
            return word
        for i in range(end + 1, len(word)):
            if word[i] != "0":
                return word
    number = word[0:end]
    return "0" if number == "-0" else number

def _embark_is_missing_word(self, text: str) -> bool:
    return text.lower() in self._embark_missing_words

def _embark_is_missing(self, text: str, spelling: int) -> bool:
    if text == "" or text == "#na#":
        return True
    if spelling == 0:
        return False
    word = self._embark_without_blanks(text)
    return word == "" if spelling == 3 else self._embark_is_missing_word(word)

def _embark_count_unknown(self, values: List[str], index: Dict[str, int], spelling: int) -> int:
    unknown = 0
    for value in values:
        if not self._embark_is_missing(value, spelling) and self._embark_spell(value, spelling) not in index:
            unknown += 1
    return unknown
)";

}  // namespace

void add_spelling_methods(ExportContext& file) {
    file.attribute("_embark_missing_words", c10::List<std::string>(missing_words_in_small_letters()));
    file.define(kSpelling);
}

}  // namespace embark
