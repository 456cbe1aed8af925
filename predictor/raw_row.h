#pragma once

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace embark {

/// One raw value as a caller has it: a text, a number, true or false, or nothing.
class RawValue {
public:
    /// Missing, as an empty text and NaN are.
    RawValue() = default;
    /// Missing.
    RawValue(std::nullopt_t) {}
    /// A text.
    RawValue(const char* text) : text_(text) {}
    /// A text.
    RawValue(std::string text) : text_(std::move(text)) {}
    /// A number, or true or false.
    template <class Number>
    requires std::is_arithmetic_v<Number> RawValue(Number number) : number_(static_cast<double>(number)) {
        if constexpr (std::is_same_v<Number, bool>) {
            text_ = number ? "true" : "false";
        } else if constexpr (std::is_integral_v<Number>) {
            text_ = std::to_string(number);
        } else if constexpr (std::is_same_v<Number, float>) {
            text_ = written(number);
        } else {
            text_ = written(*number_);
        }
    }

    /// As it would stand in a file: "7", "0.5", "true"; empty where it is missing.
    const std::string& text() const { return text_; }
    /// As a number: NaN where it is missing, nothing where the text is not a number.
    std::optional<double> number() const;

private:
    static std::string written(double number);
    static std::string written(float number);

    std::string text_;
    std::optional<double> number_;
};

/// One raw row, its values by the names of their columns: `{{"age", 39}, {"workclass", "Private"}, {"hours", 40.5}}`.
using RawRow = std::map<std::string, RawValue, std::less<>>;

/// Many raw rows as columns of equal length: `{{"age", {39, 50}}, {"workclass", {"Private", "State-gov"}}}`. A column
/// of a program's own becomes one by its ends, `{ages.begin(), ages.end()}`.
using RawColumns = std::map<std::string, std::vector<RawValue>, std::less<>>;

}  // namespace embark
