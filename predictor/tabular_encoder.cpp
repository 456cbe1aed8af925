#include "tabular_encoder.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>

#include "../core/detail/number_words.h"
#include "../core/error.h"
#include "../core/text.h"

namespace embark {

namespace {

/// A row and, among several, its place; what messages call it.
struct PlacedRow {
    const RawRow& row;
    int64_t number = -1;

    std::string spoken() const { return number < 0 ? std::string("the row") : concat("row ", number); }

    /// The value of column `name`. Throws Error where it is not there; one that is missing is there, as nothing.
    const RawValue& value(const std::string& name) const {
        const auto found = row.find(name);
        if (found != row.end()) return found->second;
        std::vector<std::string> names;
        for (const auto& [present, value] : row) names.push_back(present);
        fail("The row has no value for column '", name, "', which the model needs", name_hint(name, names));
    }

    double number_of(const std::string& name) const {
        const RawValue& raw = value(name);
        const auto found = raw.number();
        require(found && !is_beyond_float(*found), "Column '", name, "' of ", spoken(), ": '", raw.text(),
                "' is not a number up to 3.4e38");
        return *found;
    }
};

/// The row with the parts of its dates.
RawRow with_date_parts(const PlacedRow& given, const std::vector<DateColumn>& dates) {
    RawRow row = given.row;
    for (const DateColumn& date : dates) {
        const std::string& text = given.value(date.name).text();
        const auto parts = date_parts(text);
        require(parts || is_missing_word(text), "Column '", date.name, "' of ", given.spoken(), ": '", text,
                "' is not a date; dates are like 2024-01-31, with a time or without");
        for (const DatePartColumn& column : columns_of(date)) {
            const double value = parts ? (*parts)[column.part] : 0;
            row[column.name] = !parts           ? RawValue()
                               : column.is_flag ? RawValue(value != 0)
                                                : RawValue(std::llround(value));
        }
    }
    return row;
}

/// Categories and numbers of a row that has the parts of its dates.
void encode_row(const TabularEncoder& encoder, const PlacedRow& row, int64_t* codes, float* numbers,
                EncodingCounts* counts) {
    std::vector<std::string_view> flagged;
    for (const auto& column : encoder.categories) {
        int64_t& code = *codes++;
        if (!column.missing_in.empty()) {
            flagged.push_back(column.missing_in);
            code = std::isnan(row.number_of(column.missing_in)) ? 2 : 1;
            continue;
        }
        const std::string& text = row.value(column.name).text();
        code = column.vocabulary.index(text);
        if (counts && code == 0 && !text.empty()) ++counts->unknown[column.name];
    }
    for (const auto& column : encoder.numbers) {
        const double number = row.number_of(column.name);
        const bool missing = std::isnan(number);
        *numbers++ = static_cast<float>(column.scaler(missing ? column.fill : number));
        const bool is_new = missing && std::find(flagged.begin(), flagged.end(), column.name) == flagged.end();
        if (counts && is_new) ++counts->filled[column.name];
    }
}

void encode_placed(const TabularEncoder& encoder, const PlacedRow& given, int64_t* codes, float* numbers,
                   EncodingCounts* counts) {
    if (encoder.dates.empty()) return encode_row(encoder, given, codes, numbers, counts);
    const RawRow extended = with_date_parts(given, encoder.dates);
    encode_row(encoder, {extended, given.number}, codes, numbers, counts);
}

/// The columns that `encoder` needs, in the order of `names`. Throws Error for one that is not there or has another
/// length than the first.
std::vector<const std::vector<RawValue>*> needed_columns(const std::vector<std::string>& names,
                                                         const RawColumns& columns) {
    std::vector<const std::vector<RawValue>*> needed;
    for (const std::string& name : names) {
        const auto found = columns.find(name);
        if (found == columns.end()) {
            std::vector<std::string> present;
            for (const auto& [given, values] : columns) present.push_back(given);
            fail("There is no column '", name, "', which the model needs", name_hint(name, present));
        }
        needed.push_back(&found->second);
        require(needed.back()->size() == needed.front()->size(), "Column '", name, "' has ", needed.back()->size(),
                " values, but column '", names.front(), "' has ", needed.front()->size(), "; all need as many");
    }
    return needed;
}

}  // namespace

std::vector<DatePartColumn> columns_of(const DateColumn& date) {
    return date_part_list(date.name, {.time = date.time});
}

at::Tensor TargetColumn::decode(const at::Tensor& output) const {
    const at::Tensor value = output.to(at::kDouble) * scale + mean;
    return log ? value.exp() : value;
}

double TargetColumn::decode(double output) const {
    const double value = output * scale + mean;
    return log ? std::exp(value) : value;
}

std::vector<std::string> TabularEncoder::target_classes(size_t target) const {
    if (target >= targets.size() || !targets[target].is_class()) return {};
    const auto& names = targets[target].classes.names();
    return {names.begin() + 1, names.end()};
}

std::vector<std::string> TabularEncoder::input_names() const {
    std::set<std::string> parts;
    for (const auto& date : dates) {
        for (const auto& column : columns_of(date)) parts.insert(column.name);
    }
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        if (!parts.contains(name)) names.push_back(name);
    };
    for (const auto& column : categories) {
        if (column.missing_in.empty()) add(column.name);
    }
    for (const auto& column : numbers) add(column.name);
    for (const auto& date : dates) add(date.name);
    for (const auto& text : texts) add(text.name);
    return names;
}

void TabularEncoder::encode(const RawRow& row, int64_t* codes, float* numbers_out, EncodingCounts* counts) const {
    encode_placed(*this, {row}, codes, numbers_out, counts);
}

Tensors TabularEncoder::encode(const RawRow& row, EncodingCounts* counts) const {
    Tensors inputs = {at::empty({1, static_cast<int64_t>(categories.size())}, at::kLong),
                      at::empty({1, static_cast<int64_t>(numbers.size())}, at::kFloat)};
    encode(row, inputs[0].mutable_data_ptr<int64_t>(), inputs[1].mutable_data_ptr<float>(), counts);
    for (const auto& text : texts) {
        inputs.push_back(text.vocabulary.encode({PlacedRow{row}.value(text.name).text()}, text.max_len));
    }
    return inputs;
}

Tensors TabularEncoder::encode_columns(const RawColumns& columns, EncodingCounts* counts) const {
    const std::vector<std::string> names = input_names();
    const auto needed = needed_columns(names, columns);
    const auto rows = needed.empty() ? 0 : static_cast<int64_t>(needed.front()->size());
    const auto n_codes = static_cast<int64_t>(categories.size()), n_numbers = static_cast<int64_t>(numbers.size());
    Tensors inputs = {at::empty({rows, n_codes}, at::kLong), at::empty({rows, n_numbers}, at::kFloat)};
    int64_t* codes = inputs[0].mutable_data_ptr<int64_t>();
    float* numbers_out = inputs[1].mutable_data_ptr<float>();
    RawRow row;  // without the texts, which come last
    for (int64_t i = 0; i < rows; ++i) {
        for (size_t column = 0; column < names.size() - texts.size(); ++column) {
            row[names[column]] = (*needed[column])[static_cast<size_t>(i)];
        }
        encode_placed(*this, {row, i}, codes + i * n_codes, numbers_out + i * n_numbers, counts);
    }
    for (const auto& text : texts) {
        std::vector<std::string> values;
        for (const RawValue& value : columns.find(text.name)->second) values.push_back(value.text());
        inputs.push_back(text.vocabulary.encode(values, text.max_len));
    }
    return inputs;
}

}  // namespace embark
