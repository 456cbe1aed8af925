#include "tabular_encoder.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>

#include "../core/detail/number_words.h"
#include "../core/error.h"
#include "../core/text.h"
#include "detail/encode_values.h"

namespace embark {

namespace {

using RawValues = std::span<const RawValue>;

/// The values of one column in some rows of `encode`'s argument: one row, or a stretch of columns.
struct RawRows {
    const RawRow* row = nullptr;
    const RawColumns* columns = nullptr;
    size_t first = 0, n = 1;

    /// Throws Error where it is not there; one that is missing is there, as nothing.
    RawValues column(const std::string& name) const {
        if (columns) return RawValues(columns->find(name)->second).subspan(first, n);  // looked for before
        const auto found = row->find(name);
        if (found != row->end()) return {&found->second, 1};
        std::vector<std::string> names;
        for (const auto& [present, value] : *row) names.push_back(present);
        fail("The row has no value for column '", name, "', which the model needs", name_hint(name, names));
    }

    [[noreturn]] void refuse(const std::string& name, size_t i, std::string_view text, std::string_view reason) const {
        fail("Column '", name, "' of ", columns ? concat("row ", first + i) : "the row", ": '", text, "' is not ",
             reason);
    }
};

/// Encodes some rows.
class RowEncoder {
public:
    RowEncoder(const TabularEncoder& encoder, const RawRows& rows, EncodingCounts* counts)
        : encoder_(encoder), rows_(rows), counts_(counts) {
        for (const DateColumn& date : encoder.dates) take_apart(date);
    }

    /// To (rows, categories) and (rows, numbers).
    void encode(int64_t* codes, float* numbers) const {
        for (size_t i = 0; i < encoder_.categories.size(); ++i) {
            put_category(encoder_.categories[i], codes + i, encoder_.categories.size());
        }
        const auto own = encoder_.own_numbers();
        for (size_t i = 0; i < own.size(); ++i) put_number(own[i], numbers + i, encoder_.numbers.size());
        if (encoder_.n_derived() > 0) put_derived(numbers + own.size());
    }

private:
    RawValues column(const std::string& name) const {
        if (!parts_.empty()) {
            if (const auto part = parts_.find(name); part != parts_.end()) return part->second;
        }
        return rows_.column(name);
    }

    double number(const std::string& name, const RawValues& values, size_t row) const {
        const std::optional<double> found = values[row].number();
        if (!is_encodable(found)) rows_.refuse(name, row, values[row].text(), "a number up to 3.4e38");
        return *found;
    }

    void put_category(const CategoryColumn& category, int64_t* out, size_t stride) const {
        const bool is_flag = !category.missing_in.empty();
        const RawValues values = column(is_flag ? category.missing_in : category.name);
        SeenValues seen;
        for (size_t row = 0; row < values.size(); ++row, out += stride) {
            *out = is_flag ? encode_flag(number(category.missing_in, values, row))
                           : encode_category(category, values[row].text());
            if (counts_ && !is_flag) seen.add(category.vocabulary, values[row].text());
        }
        if (counts_ && !is_flag) counts_->add(category.name, seen);
    }

    void put_number(const NumberColumn& continuous, float* out, size_t stride) const {
        const RawValues values = column(continuous.name);
        const bool counted = counts_ && find_flag(encoder_, continuous) == encoder_.categories.end();
        for (size_t row = 0; row < values.size(); ++row, out += stride) {
            const double value = number(continuous.name, values, row);
            *out = encode_number(continuous, value);
            if (counted && std::isnan(value)) ++counts_->filled[continuous.name];
        }
    }

    void put_derived(float* out) const {
        const auto own = encoder_.own_numbers();
        const auto n_rows = static_cast<int64_t>(column(own.front().name).size());
        at::Tensor values = at::empty({n_rows, std::ssize(own)}, at::kDouble);
        double* value = values.mutable_data_ptr<double>();
        for (size_t i = 0; i < own.size(); ++i) {
            const RawValues given = column(own[i].name);
            for (size_t row = 0; row < given.size(); ++row) {
                const double number = this->number(own[i].name, given, row);
                value[row * own.size() + i] = std::isnan(number) ? own[i].fill : number;
            }
        }
        const at::Tensor scaled = encode_derived(encoder_, derive_numbers(encoder_, values));
        const float* first = scaled.const_data_ptr<float>();
        for (int64_t row = 0; row < n_rows; ++row, out += encoder_.numbers.size()) {
            std::copy_n(first + row * scaled.size(1), scaled.size(1), out);
        }
    }

    void take_apart(const DateColumn& date) {
        const RawValues values = rows_.column(date.name);
        const std::vector<DatePartColumn> columns = columns_of(date);
        for (const DatePartColumn& part : columns) parts_[part.name].resize(values.size());
        for (size_t row = 0; row < values.size(); ++row) {
            const std::string& text = values[row].text();
            const auto parts = date_parts(text, date.format);
            if (!parts) {
                if (counts_ && !is_missing_word(without_blanks(text))) ++counts_->unreadable[date.name];
                continue;
            }
            for (const DatePartColumn& part : columns) {
                const double value = (*parts)[part.part];
                parts_[part.name][row] = part.is_flag ? RawValue(value != 0) : RawValue(std::llround(value));
            }
        }
    }

    const TabularEncoder& encoder_;
    RawRows rows_;
    EncodingCounts* counts_;
    /// The columns that dates become.
    RawColumns parts_;
};

/// How many rows `columns` have. Throws Error for one of `names` that is not there or has another length than the
/// first.
size_t checked_rows(const std::vector<std::string>& names, const RawColumns& columns) {
    size_t n_rows = 0;
    for (const std::string& name : names) {
        const auto found = columns.find(name);
        if (found == columns.end()) {
            std::vector<std::string> present;
            for (const auto& [given, values] : columns) present.push_back(given);
            fail("There is no column '", name, "', which the model needs", name_hint(name, present));
        }
        const size_t n = found->second.size();
        if (name == names.front()) n_rows = n;
        if (n != n_rows) {
            fail("Column '", name, "' has ", n, " values, but column '", names.front(), "' has ", n_rows,
                 "; all need as many");
        }
    }
    return n_rows;
}

}  // namespace

DatePartOptions date_part_options(const DateColumn& date) {
    return {.prefix = date.prefix, .time = date.time, .format = date.format};
}

std::vector<DatePartColumn> columns_of(const DateColumn& date) {
    return date_part_list(date.name, date_part_options(date));
}

at::Tensor TargetColumn::activation(const at::Tensor& output) const {
    if (!is_class()) return output;
    return is_multi_label() ? output.sigmoid() : output.softmax(1);
}

void TargetColumn::activate(double* first) const {
    if (!is_class()) return;
    double* const last = first + width();
    if (is_multi_label()) {
        std::transform(first, last, first, [](double x) { return 1 / (1 + std::exp(-x)); });
        return;
    }
    const double highest = *std::max_element(first, last);
    double sum = 0;
    for (double* value = first; value != last; ++value) sum += *value = std::exp(*value - highest);
    for (double* value = first; value != last; ++value) *value /= sum;
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
    for (const auto& column : own_numbers()) add(column.name);
    for (const auto& date : dates) add(date.name);
    for (const auto& text : texts) add(text.name);
    return names;
}

void TabularEncoder::encode(const RawRow& row, int64_t* codes, float* numbers_out, EncodingCounts* counts) const {
    RowEncoder(*this, {.row = &row}, counts).encode(codes, numbers_out);
}

Tensors TabularEncoder::encode(const RawRow& row, EncodingCounts* counts) const {
    Tensors inputs = {at::empty({1, static_cast<int64_t>(categories.size())}, at::kLong),
                      at::empty({1, static_cast<int64_t>(numbers.size())}, at::kFloat)};
    encode(row, inputs[0].mutable_data_ptr<int64_t>(), inputs[1].mutable_data_ptr<float>(), counts);
    for (const auto& text : texts) {
        inputs.push_back(text.vocabulary.encode({RawRows{.row = &row}.column(text.name)[0].text()}, text.max_len));
    }
    return inputs;
}

Tensors TabularEncoder::encode_columns(const RawColumns& columns, EncodingCounts* counts) const {
    const size_t rows = checked_rows(input_names(), columns);
    const auto n = static_cast<int64_t>(rows);
    Tensors inputs = {at::empty({n, static_cast<int64_t>(categories.size())}, at::kLong),
                      at::empty({n, static_cast<int64_t>(numbers.size())}, at::kFloat)};
    int64_t* codes = inputs[0].mutable_data_ptr<int64_t>();
    float* numbers_out = inputs[1].mutable_data_ptr<float>();
    // In parts, so that the parts of dates take no memory to speak of.
    constexpr size_t kRowsAtOnce = 4096;
    for (size_t first = 0; first < rows; first += kRowsAtOnce) {
        const RawRows part = {.columns = &columns, .first = first, .n = std::min(kRowsAtOnce, rows - first)};
        RowEncoder(*this, part, counts).encode(codes + first * categories.size(), numbers_out + first * numbers.size());
    }
    for (const auto& text : texts) {
        std::vector<std::string> values;
        for (const RawValue& value : columns.find(text.name)->second) values.push_back(value.text());
        inputs.push_back(text.vocabulary.encode(values, text.max_len));
    }
    return inputs;
}

}  // namespace embark
