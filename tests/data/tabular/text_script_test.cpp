// What is written in TorchScript a second time, for exported files, against what it repeats.
#include <embark/data/tabular/detail/text_script.h>

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <embark/predictor/detail/torchscript_call.h>
#include <embark/predictor/tokenizer.h>

using namespace embark;

namespace text_script_test {

torch::jit::Module module_with(const char* source) {
    torch::jit::Module module("Scripted");
    module.define(source);
    return module;
}

std::vector<std::string> scripted_tokens(const torch::jit::Module& module, const std::string& text) {
    std::vector<std::string> tokens;
    const torch::jit::IValue answer = call_method(module, "_embark_tokens", {text});
    for (const auto& token : answer.toListRef()) {
        tokens.push_back(token.toStringRef());
    }
    return tokens;
}

TEST(TextScript, splits_texts_as_the_library_does) {
    const auto module = module_with(kTextScript);
    const std::vector<std::string> pieces = {"a",
                                             "Word",
                                             "7",
                                             "'",
                                             "’",
                                             " ",
                                             "\t",
                                             "\n",
                                             ".",
                                             "\"",
                                             "-",
                                             "é",
                                             "É",
                                             "ß",
                                             "П",
                                             "七",
                                             "の",
                                             "한",
                                             "“",
                                             "”",
                                             "…",
                                             "—",
                                             "\xc2\xa0",
                                             "\xe2\x80\x83",
                                             "\xe3\x80\x80",
                                             "£",
                                             "µ",
                                             "€",
                                             "😀",
                                             "👍🏽",
                                             "\xff",
                                             "\xe2\x80",
                                             "\xf0\x9f",
                                             "\x80",
                                             "\x7f"};
    std::mt19937 random(3);
    for (int i = 0; i < 10000; ++i) {
        std::string text;
        for (auto n = random() % 30; n > 0; --n) text += pieces[random() % pieces.size()];
        ASSERT_EQ(scripted_tokens(module, text), tokenize(text)) << text;
    }
}

TEST(TextScript, splits_any_bytes_as_the_library_does) {
    const auto module = module_with(kTextScript);
    std::mt19937 random(4);
    for (int i = 0; i < 10000; ++i) {
        std::string text;
        for (auto n = random() % 20; n > 0; --n) text += static_cast<char>(random() % 256);
        ASSERT_EQ(scripted_tokens(module, text), tokenize(text)) << text;
    }
}

}  // namespace text_script_test
