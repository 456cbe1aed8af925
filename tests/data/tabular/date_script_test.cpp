// What is written in TorchScript a second time, for exported files, against what it repeats.
#include <embark/data/tabular/detail/date_script.h>

#include <cstdio>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <embark/data/table/date_parts.h>
#include <embark/predictor/detail/torchscript_call.h>

using namespace embark;

namespace {

torch::jit::Module module_with(const char* source) {
    torch::jit::Module module("Scripted");
    module.define(source);
    return module;
}

std::vector<double> scripted_parts(const torch::jit::Module& module, const std::string& text) {
    return call_method(module, "_embark_date_parts", {text}).toDoubleVector();
}

std::vector<double> compiled_parts(const std::string& text) {
    const auto parts = date_parts(text);
    return parts ? std::vector<double>(parts->begin(), parts->end()) : std::vector<double>();
}

/// A date and time of the years 0 to 9999, among them days that no month has.
std::string random_date(std::mt19937& random) {
    const auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    char date[64];
    const int year = draw(0, 3) == 0 ? draw(0, 9999) : draw(1950, 2050);
    const char* forms[] = {"%04d-%02d-%02d",
                           "%04d-%02d-%02d %02d:%02d",
                           "%04d-%02d-%02dT%02d:%02d:%02d",
                           "%04d-%02d-%02d %02d:%02d:%02dZ",
                           "%04d-%02d-%02dT%02d:%02d:%02d.%03d",
                           "%04d-%02d-%02d %02d:%02d:%02d.%dZ"};
    std::snprintf(date, sizeof date, forms[draw(0, 5)], year, draw(1, 12), draw(1, 31), draw(0, 23), draw(0, 59),
                  draw(0, 59), draw(0, 999));
    return date;
}

}  // namespace

TEST(DateScript, takes_dates_apart_as_the_library_does) {
    const auto module = module_with(kDateScript);
    std::mt19937 random(1);
    int64_t dates = 0;
    for (int i = 0; i < 10000; ++i) {
        const std::string text = random_date(random);
        const auto parts = scripted_parts(module, text);
        ASSERT_EQ(parts, compiled_parts(text)) << text;
        dates += !parts.empty();
    }
    EXPECT_GT(dates, 9000);
}

TEST(DateScript, refuses_what_the_library_refuses) {
    const auto module = module_with(kDateScript);
    for (const std::string text :
         {"", "soon", "2021-02-29", "2021-13-01", "2021-00-10", "2021-01-00", "2021/04/05", "2021-04-05T",
          "2021-04-05x", "2021-04-05 6:07", "2021-04-05 24:00", "2021-04-05 06:60", "2021-04-05 06:07:60",
          "2021-04-05 06:07:5", "2021-04-05 06:07:08.", "2021-04-05 06:07:08.x", "2021-04-05Z", "2021-04-05 Z",
          "日本日本日本日本"}) {
        EXPECT_TRUE(scripted_parts(module, text).empty()) << text;
        EXPECT_TRUE(compiled_parts(text).empty()) << text;
    }
    // Dates with one byte changed, which most often are none.
    std::mt19937 random(2);
    for (int i = 0; i < 10000; ++i) {
        std::string text = random_date(random);
        text[random() % text.size()] = "0123456789-: TZ.x\xc3"[random() % 18];
        ASSERT_EQ(scripted_parts(module, text), compiled_parts(text)) << text;
    }
}
