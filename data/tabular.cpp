#include "tabular.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <ATen/ATen.h>

#include "../core/error.h"
#include "../core/text.h"
#include "date_parts.h"
#include "loader_options.h"
#include "number_words.h"
#include "tabular_columns.h"
#include "tabular_fit.h"
#include "tabular_targets.h"

namespace embark {

namespace {

/// The value of `name` in `row`. Throws Error where it is not there; one that is missing is there, as nothing.
const RawValue& value_of(const RawRow& row, const std::string& name) {
    const auto found = row.find(name);
    if (found != row.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [present, value] : row) names.push_back(present);
    fail("The row has no value for column '", name, "', which the model needs", name_hint(name, names));
}

double number_of(const RawRow& row, const std::string& name) {
    const RawValue& value = value_of(row, name);
    const auto number = value.number();
    require(number && !is_beyond_float(*number), "Column '", name, "' of the row: '", value.text(),
            "' is no number up to 3.4e38");
    return *number;
}

/// `row` with the parts of its dates.
RawRow with_date_parts(RawRow row, const std::vector<DateColumn>& dates) {
    for (const DateColumn& date : dates) {
        const std::string text = value_of(row, date.name).text();
        const auto parts = date_parts(text);
        require(parts || is_missing_word(text), "Column '", date.name, "' of the row: '", text,
                "' is not a date; dates are like 2024-01-31, with a time or without");
        for (const DatePartColumn& column : columns_of(date)) {
            const bool flag = kDatePartNames[column.part].starts_with("Is_");
            const double value = parts ? (*parts)[column.part] : 0;
            row[column.name] = !parts ? RawValue() : flag ? RawValue(value != 0) : RawValue(std::llround(value));
        }
    }
    return row;
}

/// `value` rounded to the decimals that a precision of `step` leaves: 17.99999975 with 1e-6 is 18.
double rounded(double value, double step) {
    if (step <= 0) return value;
    const double unit = std::pow(10.0, std::abs(std::ceil(std::log10(step))));
    return step > 1 ? std::round(value / unit) * unit : std::round(value * unit) / unit;
}

/// Each number as it was before it was scaled, in as many decimals as its float32 still tells.
at::Tensor unscaled(const NumberColumn& column, const at::Tensor& scaled) {
    at::Tensor values = scaled.to(at::kDouble).contiguous();
    double* value = values.mutable_data_ptr<double>();
    for (int64_t row = 0; row < values.numel(); ++row) {
        const double z = value[row], step = std::max(1.0, std::abs(z)) * 0x1p-22;
        const double precision = column.scaler.inverse(z + step) - column.scaler.inverse(z - step);
        value[row] = rounded(column.scaler.inverse(z), precision) + 0.0;  // -0 becomes 0
    }
    return values;
}

/// Each row's tokens with spaces between them, padding left out.
std::vector<std::string> readable(const TextVocabulary& vocabulary, const at::Tensor& tokens) {
    std::vector<std::string> texts;
    for (int64_t row = 0; row < tokens.size(0); ++row) {
        std::vector<std::string> words;
        for (int64_t i = 0; i < tokens.size(1); ++i) {
            const auto token = tokens[row][i].item<int64_t>();
            if (token != 0) words.push_back(vocabulary.tokens().at(static_cast<size_t>(token)));
        }
        texts.push_back(join(words, " "));
    }
    return texts;
}

}  // namespace

std::map<std::string, Vocabulary> TabularData::classes() const {
    std::map<std::string, Vocabulary> classes;
    for (const auto& column : categories) classes.emplace(column.name, column.vocabulary);
    return classes;
}

std::vector<std::string> TabularData::target_classes(size_t target) const {
    if (target >= targets.size() || !targets[target].is_class()) return {};
    const auto& names = targets[target].classes.names();
    return {names.begin() + 1, names.end()};
}

std::vector<std::string> TabularData::input_names() const {
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

Table TabularData::decode(const Batch& batch) const {
    Table table = Table::of_rows(batch.size());
    for (size_t i = 0; i < categories.size(); ++i) {
        const at::Tensor codes = batch.inputs.at(0).select(1, static_cast<int64_t>(i));
        table = table.with_column(categories[i].name, categories[i].vocabulary.decode(codes));
    }
    for (size_t i = 0; i < numbers.size(); ++i) {
        table = table.with_column(numbers[i].name,
                                  unscaled(numbers[i], batch.inputs.at(1).select(1, static_cast<int64_t>(i))));
    }
    for (size_t i = 0; i < texts.size(); ++i) {
        table = table.with_column(texts[i].name, readable(texts[i].vocabulary, batch.inputs.at(2 + i)));
    }
    for (size_t i = 0; i < std::min(targets.size(), batch.targets.size()); ++i) {
        const TargetColumn& target = targets[i];
        table = target.is_class() ? table.with_column(target.name, target.classes.decode(batch.targets[i] + 1))
                                  : table.with_column(target.name, target.decode(batch.targets[i]).flatten());
    }
    return table;
}

Table TabularData::with_predictions(Table table, const Tensors& predictions) const {
    for (size_t i = 0; i < std::min(targets.size(), predictions.size()); ++i) {
        const TargetColumn& target = targets[i];
        const std::string name = targets.size() == 1 ? "prediction" : "prediction_" + target.name;
        table = target.is_class() ? table.with_column(name, target.classes.decode(predictions[i] + 1))
                                  : table.with_column(name, target.decode(predictions[i]).flatten());
    }
    return table;
}

Tensors TabularData::encode(const Table& table, EncodingCounts* counts) const {
    return encode_inputs(*this, with_date_parts(table, dates), counts);
}

void TabularData::encode(const RawRow& given, int64_t* codes, float* numbers_out, EncodingCounts* counts) const {
    const RawRow extended = dates.empty() ? RawRow() : with_date_parts(given, dates);
    const RawRow& row = dates.empty() ? given : extended;
    std::vector<std::string_view> flagged;
    for (const auto& column : categories) {
        int64_t& code = *codes++;
        if (!column.missing_in.empty()) {
            flagged.push_back(column.missing_in);
            code = std::isnan(number_of(row, column.missing_in)) ? 2 : 1;
            continue;
        }
        const std::string& text = value_of(row, column.name).text();
        code = column.vocabulary.index(text);
        if (counts && code == 0 && !text.empty()) ++counts->unknown[column.name];
    }
    for (const auto& column : numbers) {
        const double number = number_of(row, column.name);
        const bool missing = std::isnan(number);
        *numbers_out++ = static_cast<float>(column.scaler(missing ? column.fill : number));
        const bool is_new = missing && std::find(flagged.begin(), flagged.end(), column.name) == flagged.end();
        if (counts && is_new) ++counts->filled[column.name];
    }
}

Tensors TabularData::encode(const RawRow& row, EncodingCounts* counts) const {
    Tensors inputs = {at::empty({1, static_cast<int64_t>(categories.size())}, at::kLong),
                      at::empty({1, static_cast<int64_t>(numbers.size())}, at::kFloat)};
    encode(row, inputs[0].mutable_data_ptr<int64_t>(), inputs[1].mutable_data_ptr<float>(), counts);
    for (const auto& text : texts) {
        inputs.push_back(text.vocabulary.encode({value_of(row, text.name).text()}, text.max_len));
    }
    return inputs;
}

Tensors TabularData::encode_targets(const Table& table) const {
    Tensors encoded;
    for (const TargetColumn& target : targets) encoded.push_back(encode_target(target, table));
    return encoded;
}

TabularDataLoaders::TabularDataLoaders(DataLoaders loaders, std::shared_ptr<const TabularData> tabular,
                                       TabularOptions options, std::vector<std::string> warnings)
    : DataLoaders(std::move(loaders)),
      tabular_(std::move(tabular)),
      options_(std::make_shared<const TabularOptions>(std::move(options))),
      warnings_(std::make_shared<const std::vector<std::string>>(std::move(warnings))) {}

TabularDataLoaders TabularDataLoaders::from_table(const Table& table, const TabularOptions& given) {
    check(given);
    TabularOptions options = with_columns(table, given);
    const DataLoadersOptions loaders = loader_options(options);
    const Split split = split_rows(table, options.splitter, loaders);
    const Table expanded = with_date_parts(table, dates_of(options));
    FittedTable fitted = fit_table(expanded, options, {split.train, split.valid});
    std::optional<DataLoader> valid;
    if (split.valid.numel() > 0) valid = DataLoader(std::move(fitted.parts[1]), valid_options(loaders));
    return {DataLoaders(DataLoader(std::move(fitted.parts[0]), train_options(loaders)), std::move(valid), fitted.data),
            fitted.data, std::move(options), std::move(fitted.warnings)};
}

TabularDataLoaders TabularDataLoaders::from_tables(const Table& train, const Table& valid,
                                                   const TabularOptions& given) {
    check(given);
    TabularOptions options = with_columns(train, given);
    const DataLoadersOptions loaders = loader_options(options);
    FittedTable fitted = fit_table(with_date_parts(train, dates_of(options)), options, {at::arange(train.rows())});
    TensorDataset valid_data{.inputs = fitted.data->encode(valid), .targets = fitted.data->encode_targets(valid)};
    return {DataLoaders(DataLoader(std::move(fitted.parts[0]), train_options(loaders)),
                        DataLoader(std::move(valid_data), valid_options(loaders)), fitted.data),
            fitted.data, std::move(options), std::move(fitted.warnings)};
}

TabularDataLoaders TabularDataLoaders::resampled(uint64_t seed) const {
    TabularDataLoaders other = *this;
    static_cast<DataLoaders&>(other) = DataLoaders::resampled(seed);
    return other;
}

DataLoader TabularDataLoaders::test_dl(const Table& table, EncodingCounts* counts) const {
    TensorDataset data{.inputs = tabular_->encode(table, counts), .targets = {}};
    const bool has_targets = std::all_of(targets().begin(), targets().end(),
                                         [&](const TargetColumn& target) { return table.has(target.name); });
    if (has_targets) data.targets = tabular_->encode_targets(table);
    return DataLoader(std::move(data), valid_options(loader_options(*options_)));
}

}  // namespace embark
