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

namespace date_script_test {

torch::jit::Module module_with(const char* source) {
    torch::jit::Module module("Scripted");
    module.define(source);
    return module;
}

std::vector<double> scripted_parts(const torch::jit::Module& module, const std::string& text,
                                   const std::string& format = {}) {
    return call_method(module, "_embark_date_parts", {text, format}).toDoubleVector();
}

std::vector<double> compiled_parts(const std::string& text, const std::string& format = {}) {
    const auto parts = date_parts(text, format);
    return parts ? std::vector<double>(parts->begin(), parts->end()) : std::vector<double>();
}

class Draw {
public:
    explicit Draw(uint32_t seed) : random_(seed) {}
    int operator()(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
    template <class T, size_t n>
    T of(const T (&values)[n]) {
        return values[(*this)(0, static_cast<int>(n) - 1)];
    }

private:
    std::mt19937 random_;
};

/// A date and time of the years 0 to 9999, among them days that no month has.
std::string random_date(Draw& draw) {
    char date[64];
    const int year = draw(0, 3) == 0 ? draw(0, 9999) : draw(1950, 2050);
    const char* forms[] = {"%04d-%02d-%02d",
                           "%04d/%02d/%02d",
                           "%04d-%02d-%02d %02d",
                           "%04d/%02d/%02dT%02d:%02d",
                           "%04d-%02d-%02dT%02d:%02d:%02d",
                           "%04d-%02d-%02dT%02d:%02d:%02d.%03d",
                           "%04d-%02d-%02d %02d:%02d:%02d.%09d",
                           "%04d/%02d/%02d %02d:%02d:%02d.%d"};
    const char* zones[] = {"", "", "Z", " UTC", "+00:00", "-0330", "+02", " +14:00", "-23:59"};
    std::snprintf(date, sizeof date, draw.of(forms), year, draw(1, 12), draw(1, 31), draw(0, 23), draw(0, 59),
                  draw(0, 59), draw(0, 999));
    const std::string text = date;
    return text.size() > 10 ? text + draw.of(zones) : text;
}

/// `text` with one byte changed, left out or doubled.
std::string broken(std::string text, Draw& draw) {
    const auto at = static_cast<size_t>(draw(0, static_cast<int>(text.size()) - 1));
    const int how = draw(0, 3);
    if (how == 0) return text.erase(at, 1);
    if (how == 1) return text.insert(at, 1, text[at]);
    text[at] = "0123456789-/+: TZ.UxamP\xc3\t"[draw(0, 25)];
    return text;
}

const char* const kFormats[] = {"%m/%d/%Y", "%d.%m.%y", "%Y%m%d", "%b %d, %Y %I:%M %p", "%d/%m/%Y %H:%M:%S.%f",
                                "%y-%m-%dT%H", "100%% %d%b%Y"};

/// A date by one of kFormats, in one spelling or another.
std::string random_date_by(const std::string& format, Draw& draw) {
    const char* months[] = {"Jan", "feb", "MAR", "Apr", "may", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "dEC"};
    const char* halves[] = {"AM", "pm", "Am", "PM"};
    const auto digits = [&](int number) {
        const std::string text = std::to_string(number);
        return text.size() < 2 && draw(0, 2) > 0 ? "0" + text : text;
    };
    std::string text;
    for (size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') {
            text += format[i];
            continue;
        }
        switch (format[++i]) {
            case 'Y': text += std::to_string(draw(1000, 2999)); break;
            case 'y': text += std::to_string(draw(10, 99)); break;
            case 'm': text += digits(draw(1, 12)); break;
            case 'd': text += digits(draw(1, 31)); break;
            case 'b': text += draw.of(months); break;
            case 'p': text += draw.of(halves); break;
            case 'H': text += digits(draw(0, 23)); break;
            case 'I': text += digits(draw(1, 12)); break;
            case 'f': text += std::to_string(draw(0, 999999)); break;
            case '%': text += '%'; break;
            default: text += digits(draw(0, 59));
        }
    }
    return text;
}

TEST(DateScript, takes_dates_apart_as_the_library_does) {
    const auto module = module_with(kDateScript);
    Draw draw(1);
    int64_t dates = 0;
    for (int i = 0; i < 10000; ++i) {
        const std::string text = random_date(draw);
        const auto parts = scripted_parts(module, text);
        ASSERT_EQ(parts, compiled_parts(text)) << text;
        dates += !parts.empty();
    }
    EXPECT_GT(dates, 9000);
}

TEST(DateScript, reads_the_formats_that_the_library_reads) {
    const auto module = module_with(kDateScript);
    Draw draw(3);
    for (const std::string format : kFormats) {
        require_date_format(format);
        int64_t dates = 0;
        for (int i = 0; i < 2000; ++i) {
            std::string text = random_date_by(format, draw);
            if (i % 2 == 1) text = broken(text, draw);
            const auto parts = scripted_parts(module, text, format);
            ASSERT_EQ(parts, compiled_parts(text, format)) << text << " by " << format;
            dates += !parts.empty();
        }
        EXPECT_GT(dates, 600) << format;
        const std::string iso = random_date(draw);
        EXPECT_EQ(scripted_parts(module, iso, format), compiled_parts(iso, format)) << iso << " by " << format;
    }
}

TEST(DateScript, refuses_what_the_library_refuses) {
    const auto module = module_with(kDateScript);
    for (const std::string text :
         {"", "soon", "NaT", "2021-02-29", "2021-13-01", "2021-00-10", "2021-01-00", "2021-04/05", "2021/04-05",
          "2021-04-05T", "2021-04-05x", "2021-04-05 6:07", "2021-04-05 24:00", "2021-04-05 06:60",
          "2021-04-05 06:07:60", "2021-04-05 06:07:5", "2021-04-05 06:07:08.", "2021-04-05 06:07:08.x",
          "2021-04-05 06:07:08.1234567890", "2021-04-05Z", "2021-04-05 Z", "2021-04-05 06:07 +", "2021-04-05 06:07+2",
          "2021-04-05 06:07+02:", "2021-04-05 06:07+02:3", "2021-04-05 06:07+24", "2021-04-05 06:07+02:60",
          "2021-04-05 06:07  Z", "2021-04-05 06:07ZZ", "03/31/2023", "日本日本日本日本"}) {
        EXPECT_TRUE(scripted_parts(module, text).empty()) << text;
        EXPECT_TRUE(compiled_parts(text).empty()) << text;
    }
    // Dates with one byte changed, which most often are none.
    Draw draw(2);
    for (int i = 0; i < 10000; ++i) {
        const std::string text = broken(random_date(draw), draw);
        ASSERT_EQ(scripted_parts(module, text), compiled_parts(text)) << text;
    }
}

}  // namespace date_script_test
