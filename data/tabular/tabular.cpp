#include "tabular.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../loaders/detail/loader_options.h"
#include "../table/free_names.h"
#include "detail/find_columns.h"
#include "detail/label_sets.h"
#include "detail/row_weights.h"
#include "detail/tabular_columns.h"
#include "detail/tabular_fit.h"
#include "detail/tabular_targets.h"

namespace embark {

namespace {

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

/// `table` with a column of what `encoded` says of a target.
Table with_target(Table table, const std::string& name, const TargetColumn& target, const at::Tensor& encoded) {
    if (target.is_multi_label()) return table.with_column(name, label_texts(target, encoded));
    if (target.is_class()) return table.with_column(name, target.classes.decode(encoded + 1));
    return table.with_column(name, target.decode(encoded).flatten());
}

/// What was found, and what turned out when the columns were fitted; `valid` are the encoded targets of the validation
/// rows.
TableDescription describe_fitted(FoundColumns& found, FittedTable& fitted, const Tensors& valid) {
    TableDescription description = {std::move(found.columns), std::move(found.warnings)};
    std::move(fitted.warnings.begin(), fitted.warnings.end(), std::back_inserter(description.warnings));
    for (size_t i = 0; i < fitted.data->targets.size(); ++i) {
        warn_of_classes(fitted.data->targets[i], fitted.parts.front().targets[i], valid[i], description.warnings);
    }
    return description;
}

}  // namespace

std::map<std::string, Vocabulary> TabularData::classes() const {
    std::map<std::string, Vocabulary> classes;
    for (const auto& column : categories) classes.emplace(column.name, column.vocabulary);
    return classes;
}

std::vector<std::string> TabularData::target_classes(size_t target) const {
    return TabularEncoder::target_classes(target);
}

std::function<at::Tensor(const at::Tensor&)> TabularData::target_decoder(size_t number) const {
    if (number >= targets.size()) return {};
    const TargetColumn& target = targets[number];
    const bool own_units = target.is_class() || (!target.log && target.mean == 0 && target.scale == 1);
    if (own_units) return {};
    return [target](const at::Tensor& values) { return target.decode(values); };
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
        table = with_target(std::move(table), targets[i].name, targets[i], batch.targets[i]);
    }
    return table;
}

Table TabularData::with_predictions(Table table, const Tensors& predictions) const {
    std::vector<std::string> names;
    for (const TargetColumn& target : targets) {
        names.push_back(targets.size() == 1 ? "prediction" : "prediction_" + target.name);
    }
    names = free_names(table.names(), std::move(names));
    for (size_t i = 0; i < std::min(targets.size(), predictions.size()); ++i) {
        table = with_target(std::move(table), names[i], targets[i], predictions[i]);
    }
    return table;
}

Tensors TabularData::encode(const Table& table, EncodingCounts* counts) const {
    return encode_inputs(*this, with_date_parts(table, dates, counts), counts);
}

Tensors TabularData::encode_targets(const Table& table) const {
    Tensors encoded;
    for (const TargetColumn& target : targets) encoded.push_back(encode_target(target, table));
    return encoded;
}

std::vector<Warning> new_value_warnings(const EncodingCounts& counts, const Table& table) {
    std::vector<Warning> warnings = counts.warnings();
    if (table.source().empty()) return warnings;
    for (Warning& warning : warnings) warning.message = concat(table.source(), ": ", warning.message);
    return warnings;
}

TableDescription describe(const Table& table, const TabularOptions& options) {
    check(options);
    FoundColumns found = find_columns(table, options);
    std::move(found.problems.begin(), found.problems.end(), std::back_inserter(found.warnings));
    return {std::move(found.columns), std::move(found.warnings)};
}

TabularDataLoaders::TabularDataLoaders(DataLoaders loaders, std::shared_ptr<const TabularData> tabular,
                                       TabularOptions options, TableDescription description)
    : DataLoaders(std::move(loaders)),
      tabular_(std::move(tabular)),
      options_(std::make_shared<const TabularOptions>(std::move(options))),
      description_(std::make_shared<const TableDescription>(std::move(description))) {}

TabularDataLoaders TabularDataLoaders::from_table(const Table& table, const TabularOptions& given) {
    check(given);
    const DataLoadersOptions loaders = loader_options(given);
    const Split split = split_rows(table, given.splitter, loaders);
    FoundColumns found = find_columns_to_train(table, without_weight_column(given), split.train);
    const at::Tensor weights = row_weights(table, given);
    DatedTable dated = with_dates_to_fit(table, dates_of(found.options));
    FittedTable fitted = fit_table(dated.table, found.options, {split.train, split.valid});
    if (weights.defined()) fitted.parts[0].weights = weights.index_select(0, split.train);
    std::move(dated.warnings.begin(), dated.warnings.end(), std::back_inserter(fitted.warnings));
    TableDescription description = describe_fitted(found, fitted, fitted.parts[1].targets);
    std::optional<DataLoader> valid;
    if (split.valid.numel() > 0) valid = DataLoader(std::move(fitted.parts[1]), valid_options(loaders));
    return {DataLoaders(DataLoader(std::move(fitted.parts[0]), train_options(loaders, split.train)), std::move(valid),
                        fitted.data),
            fitted.data, std::move(found.options), std::move(description)};
}

TabularDataLoaders TabularDataLoaders::from_tables(const Table& train, const Table& valid,
                                                   const TabularOptions& given) {
    check(given);
    require_no_split(given.splitter, given.valid_pct);
    const DataLoadersOptions loaders = loader_options(given);
    FoundColumns found = find_columns_to_train(train, without_weight_column(given));
    const at::Tensor weights = row_weights(train, given);
    DatedTable dated = with_dates_to_fit(train, dates_of(found.options));
    FittedTable fitted = fit_table(dated.table, found.options, {at::arange(train.rows())});
    fitted.parts[0].weights = weights;
    std::move(dated.warnings.begin(), dated.warnings.end(), std::back_inserter(fitted.warnings));
    EncodingCounts counts;
    TensorDataset valid_data{.inputs = fitted.data->encode(valid, &counts),
                             .targets = fitted.data->encode_targets(valid)};
    TableDescription description = describe_fitted(found, fitted, valid_data.targets);
    for (Warning& warning : new_value_warnings(counts, valid)) description.warnings.push_back(std::move(warning));
    return {DataLoaders(DataLoader(std::move(fitted.parts[0]), train_options(loaders)),
                        DataLoader(std::move(valid_data), valid_options(loaders)), fitted.data),
            fitted.data, std::move(found.options), std::move(description)};
}

TabularDataLoaders TabularDataLoaders::with_thresholds(const std::vector<std::vector<float>>& thresholds) const {
    auto data = std::make_shared<TabularData>(*tabular_);
    for (size_t i = 0; i < data->targets.size(); ++i) data->targets[i].thresholds = thresholds.at(i);
    TabularDataLoaders other = *this;
    other.tabular_ = data;
    static_cast<DataLoaders&>(other) = DataLoaders(train(), has_valid() ? std::optional(valid()) : std::nullopt, data);
    return other;
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
