#include "date_text.h"

#include <array>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"

namespace embark::onnx {

namespace {

// The grammar of predictor/date_parts.h, but for the days of a month. A date alone, then what may follow it.
constexpr const char* kIsoDate = "[0-9]{4}(-(0[1-9]|1[0-2])-|/(0[1-9]|1[0-2])/)(0[1-9]|[12][0-9]|3[01])";
constexpr const char* kIsoClock = "([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?)?";
constexpr const char* kIsoZone = "( ?(Z|UTC|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?))?";

// In what fits these: all up to the seconds, and an offset at the end, which the day of a date alone looks like too.
constexpr const char* kIsoLocal = "[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}([T ][0-9]{2}(:[0-9]{2}(:[0-9]{2})?)?)?";
constexpr const char* kIsoOffset = "[+-][0-9]{2}(:?[0-9]{2})?[ \t]*\\z";

/// The pieces of texts, string[texts, n]; `how` is the attribute that says which.
std::string take_apart(Graph& graph, const std::string& texts, const Attribute& how) {
    const std::string pieces = graph.node(
        "Tokenizer", {texts}, {how, {"mark", int64_t{0}}, {"mincharnum", int64_t{1}}, {"pad_value", std::string()}},
        kRuntimeDomain);
    // This says the type, which ONNX's checker does not know of another domain's operator; it crashes without.
    return graph.cast(pieces, Type::string);
}

/// The only token of each text.
std::string only_token(Graph& graph, const std::string& texts, const std::string& expression) {
    return graph.node("Reshape", {tokens_in_graph(graph, texts, expression), graph.integers({-1})});
}

/// A number for each character, float: digits are themselves; others are 0 but for `signs`.
std::string character_numbers(Graph& graph, const std::string& characters,
                              const std::vector<std::pair<std::string, double>>& signs) {
    std::vector<std::string> keys;
    std::vector<double> numbers;
    for (int digit = 0; digit < 10; ++digit) {
        keys.push_back(std::to_string(digit));
        numbers.push_back(digit);
    }
    for (const auto& [sign, number] : signs) {
        keys.push_back(sign);
        numbers.push_back(number);
    }
    return graph.node("LabelEncoder", {characters},
                      {{"keys_strings", keys}, {"values_floats", numbers}, {"default_float", 0.0}}, kMlDomain);
}

/// Seconds ahead of UTC, float[texts, 1], of what fits the grammar; those of a date alone mean nothing.
std::string read_iso_offsets(Graph& graph, const std::string& dates) {
    const std::string offsets = only_token(graph, dates, kIsoOffset);
    const std::string characters = tokens_in_graph(graph, offsets, "[0-9+-]");  // "+0200"
    const std::string numbers = character_numbers(graph, characters, {{"+", 1}, {"-", -1}});
    const at::Tensor seconds = at::tensor({0.f, 36000.f, 3600.f, 600.f, 60.f}).unsqueeze(1);
    const std::string sign = graph.node("Gather", {numbers, graph.integers({0})}, {{"axis", int64_t{1}}});
    return graph.node("Mul", {sign, graph.node("MatMul", {numbers, graph.constant(seconds, "offset")})});
}

/// What the numbers of the characters of "2024-01-31T07:00:00" are multiplied by and added up to give the fields, and
/// in the place of the offset whether there is a time.
at::Tensor iso_weights() {
    at::Tensor weights = at::zeros({19, kDateFields});
    auto weight = weights.accessor<float, 2>();
    constexpr std::array<float, 4> kYearFactors = {1000, 100, 10, 1};
    for (int64_t i = 0; i < 4; ++i) weight[i][kYear] = kYearFactors[static_cast<size_t>(i)];
    constexpr std::pair<DateField, int64_t> kPlaces[] = {
        {kMonth, 5}, {kDay, 8}, {kHour, 11}, {kMinute, 14}, {kSecond, 17}};
    for (const auto& [field, place] : kPlaces) {
        weight[place][field] = 10;
        weight[place + 1][field] = 1;
    }
    weight[10][kOffset] = 1;
    return weights;
}

}  // namespace

std::string tokens_in_graph(Graph& graph, const std::string& texts, const std::string& expression) {
    return take_apart(graph, texts, {"tokenexp", expression});
}

std::string characters_in_graph(Graph& graph, const std::string& texts) {
    return take_apart(graph, texts, {"separators", std::vector<std::string>{""}});
}

std::string read_iso_dates(Graph& graph, const std::string& texts) {
    const std::string dates =
        only_token(graph, texts, concat("\\A[ \t]*", kIsoDate, "([T ]", kIsoClock, kIsoZone, ")?[ \t]*\\z"));
    const std::string local = characters_in_graph(graph, only_token(graph, dates, kIsoLocal));
    const std::string numbers = character_numbers(graph, local, {{"T", 1}, {" ", 1}});
    const std::string fields = graph.node("MatMul", {numbers, graph.constant(iso_weights(), "date")});
    const std::string column = graph.integers({1}), end = graph.integers({kOffset});
    const std::string clock = graph.node("Slice", {fields, graph.integers({0}), end, column});
    const std::string has_time = graph.node("Gather", {fields, end}, {{"axis", int64_t{1}}});
    const std::string offset = graph.node("Mul", {has_time, read_iso_offsets(graph, dates)});
    return graph.cast(graph.node("Concat", {clock, offset}, {{"axis", int64_t{1}}}), Type::int64);
}

}  // namespace embark::onnx
