#include "spelling_graph.h"

#include <utility>

namespace embark::onnx {

namespace {

/// How a category may be spelled besides its name; some of these may be no spelling of it.
std::vector<std::string> likely_spellings(Spelling spelling, const std::string& name) {
    std::vector<std::string> likely, padded = {name};
    switch (spelling) {
        case Spelling::as_written:
            return {};
        case Spelling::trimmed:
            break;
        case Spelling::integers:
            likely = {name + ".0"};
            if (name == "0") likely.insert(likely.end(), {"-0", "-0.0"});
            break;
        case Spelling::booleans:
            if (name != "true" && name != "false") break;
            likely = in_any_capitals(name);
            padded.push_back(likely[1]);
            padded.push_back(likely.back());
            break;
    }
    for (const std::string& word : padded) likely.insert(likely.end(), {" " + word, word + " "});
    return likely;
}

}  // namespace

std::vector<std::string> in_any_capitals(const std::string& word) {
    std::vector<std::string> words;
    for (size_t capitals = 0; capitals < size_t{1} << word.size(); ++capitals) {
        words.push_back(word);
        for (size_t i = 0; i < word.size(); ++i) {
            char& c = words.back()[i];
            if (capitals >> i & 1) c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return words;
}

std::vector<std::string> known_spellings(const Vocabulary& vocabulary, int64_t number) {
    const std::string& name = vocabulary.name(number);
    std::vector<std::string> spellings = {name};
    for (std::string& likely : likely_spellings(vocabulary.spelling(), name)) {
        if (likely != name && vocabulary.index(likely) == number) spellings.push_back(std::move(likely));
    }
    return spellings;
}

std::string category_codes(Graph& graph, const std::string& value, const Vocabulary& vocabulary) {
    std::vector<std::string> texts;
    std::vector<int64_t> numbers;
    for (int64_t number = 1; number < vocabulary.size(); ++number) {
        for (std::string& spelling : known_spellings(vocabulary, number)) {
            texts.push_back(std::move(spelling));
            numbers.push_back(number);
        }
    }
    if (texts.empty()) {  // the operator needs a text to look for
        texts.emplace_back();
        numbers.push_back(0);
    }
    return graph.node("LabelEncoder", {value},
                      {{"keys_strings", texts}, {"values_int64s", numbers}, {"default_int64", int64_t{0}}}, kMlDomain);
}

}  // namespace embark::onnx
