#include "tabular_fit.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "../core/error.h"
#include "../core/text.h"
#include "coded_column.h"
#include "number_words.h"
#include "tabular_targets.h"

namespace embark {

namespace {

/// `table`'s numbers, NaN where missing. Throws Error, with file, row and column, for one beyond float32.
at::Tensor read_numbers(const Table& table, const std::string& name) {
    at::Tensor values = table.numbers(name);
    const double* data = values.const_data_ptr<double>();
    const double* bad = std::find_if(data, data + values.numel(), is_beyond_float);
    if (bad != data + values.numel()) {
        fail(table.where(bad - data, name), ": ", *bad, " is too large; numbers up to 3.4e38 are taken");
    }
    return values;
}

double median_of(const at::Tensor& values) {
    const double* data = values.const_data_ptr<double>();
    std::vector<double> parted(data, data + values.numel());
    const auto upper = parted.begin() + values.numel() / 2;
    // Sorting all values would take longer than reading them.
    std::nth_element(parted.begin(), upper, parted.end());
    const double lower = values.numel() % 2 == 1 ? *upper : *std::max_element(parted.begin(), upper);
    return (lower + *upper) / 2;
}

double mode_of(const at::Tensor& values) {
    const auto [distinct, inverse, counts] = at::_unique2(values, /*sorted=*/true, false, /*return_counts=*/true);
    return distinct[counts.argmax()].item<double>();
}

double fill_of(const TabularOptions& options, const at::Tensor& present) {
    switch (options.fill) {
        case FillStrategy::mode:
            return mode_of(present);
        case FillStrategy::constant:
            return options.fill_constant;
        case FillStrategy::median:
            break;
    }
    return median_of(present);
}

/// 1 (False) or 2 (True) for each value: whether it is missing.
at::Tensor missing_flag(const at::Tensor& values) {
    return values.isnan().to(at::kLong) + 1;
}

CategoryColumn flag_column(const std::string& number) {
    return {.name = number + "_na",
            .vocabulary = Vocabulary::from_names({std::string(Vocabulary::kMissing), "False", "True"}),
            .missing_in = number};
}

/// Fits one after the other; every number is read once.
class Fit {
public:
    Fit(const Table& table, const TabularOptions& options, const at::Tensor& train_rows)
        : table_(table), options_(options), train_rows_(train_rows), is_train_(mark_rows(train_rows, table)) {}

    FittedTable run() && {
        for (const std::string& name : options_.cat_names) fit_category(name);
        for (const std::string& name : options_.cont_names) fit_number(name);
        for (auto& flag : flags_) data_->categories.push_back(std::move(flag));
        for (const std::string& name : options_.date_names) {
            data_->dates.push_back({.name = name, .time = options_.date_time});
        }
        for (const std::string& name : options_.text_names) {
            data_->texts.push_back(
                {.name = name,
                 .vocabulary = TextVocabulary::fit(table_, name, train_rows_, options_.text_vocabulary),
                 .max_len = options_.text_len});
        }
        data_->targets = fit_targets(table_, options_, train_rows_);
        return {.data = std::move(data_), .parts = {}, .warnings = std::move(warnings_)};
    }

private:
    [[noreturn]] void refuse_empty(const std::string& name) const {
        fail("Column '", name, "' has no value in the ", train_rows_.numel(), " training rows; leave it out");
    }

    void fit_category(const std::string& name) {
        const CodedColumn values(table_, name);
        Vocabulary vocabulary = fit_vocabulary(values, is_train_);
        if (vocabulary.size() == 1) refuse_empty(name);
        if (2 * (vocabulary.size() - 1) > train_rows_.numel()) {
            warnings_.push_back(concat("column '", name, "' has ", vocabulary.size() - 1, " categories in ",
                                       train_rows_.numel(),
                                       " training rows; a category that is seen once teaches nothing"));
        }
        if (const auto order = options_.ordered.find(name); order != options_.ordered.end()) {
            vocabulary = ordered(name, vocabulary, order->second);
        }
        data_->categories.push_back({.name = name, .vocabulary = std::move(vocabulary)});
    }

    static Vocabulary ordered(const std::string& name, const Vocabulary& found, std::vector<std::string> order) {
        for (size_t i = 1; i < found.names().size(); ++i) {
            const std::string& value = found.names()[i];
            require(std::find(order.begin(), order.end(), value) != order.end(), "Column '", name, "' has a category '",
                    value, "' that its order leaves out; the order is ", join(order));
        }
        order.insert(order.begin(), std::string(Vocabulary::kMissing));
        return Vocabulary::from_names(std::move(order));
    }

    void fit_number(const std::string& name) {
        const at::Tensor train = read_numbers(table_, name).index_select(0, train_rows_);
        const at::Tensor missing = train.isnan();
        const at::Tensor present = train.masked_select(missing.logical_not());
        if (present.numel() == 0) refuse_empty(name);
        const double fill = fill_of(options_, present);
        if (options_.missing_flags && present.numel() < train.numel()) flags_.push_back(flag_column(name));
        data_->numbers.push_back({.name = name,
                                  .fill = fill,
                                  .scaler = NumberScaler::fit(options_.scaling, at::where(missing, fill, train))});
    }

    const Table& table_;
    const TabularOptions& options_;
    at::Tensor train_rows_;
    std::vector<char> is_train_;
    std::shared_ptr<TabularData> data_ = std::make_shared<TabularData>();
    std::vector<CategoryColumn> flags_;
    std::vector<std::string> warnings_;
};

/// The rows of each part, taken column by column, so that no more than one column is held whole.
class Parts {
public:
    Parts(const std::vector<at::Tensor>& rows, const TabularData& data, int64_t n_rows) : rows_(rows) {
        for (const at::Tensor& part : rows) {
            const int64_t n = part.defined() ? part.numel() : n_rows;
            inputs_.push_back({at::empty({n, static_cast<int64_t>(data.categories.size())}, at::kLong),
                               at::empty({n, static_cast<int64_t>(data.numbers.size())}, at::kFloat)});
        }
    }

    /// A further input.
    void append(const at::Tensor& values) {
        for (size_t part = 0; part < rows_.size(); ++part) inputs_[part].push_back(of_part(part, values));
    }

    /// Column `column` of input `input`.
    void put(size_t input, size_t column, const at::Tensor& values) {
        for (size_t part = 0; part < rows_.size(); ++part) {
            inputs_[part][input].select(1, static_cast<int64_t>(column)).copy_(of_part(part, values));
        }
    }

    std::vector<Tensors> take() && { return std::move(inputs_); }

private:
    at::Tensor of_part(size_t part, const at::Tensor& values) const {
        const at::Tensor& rows = rows_[part];
        return rows.defined() ? values.index_select(0, rows) : values;
    }

    const std::vector<at::Tensor>& rows_;
    std::vector<Tensors> inputs_;
};

at::Tensor scaled(const NumberColumn& column, const at::Tensor& values) {
    at::Tensor result = at::empty(values.sizes(), at::kFloat);
    const double* value = values.const_data_ptr<double>();
    float* out = result.mutable_data_ptr<float>();
    for (int64_t row = 0; row < values.numel(); ++row) {
        out[row] = static_cast<float>(column.scaler(std::isnan(value[row]) ? column.fill : value[row]));
    }
    return result;
}

}  // namespace

std::vector<Tensors> encode_inputs(const TabularData& data, const Table& table, const std::vector<at::Tensor>& rows,
                                   EncodingCounts* counts) {
    Parts parts(rows, data, table.rows());
    const auto count = [](std::map<std::string, int64_t>& by_name, const std::string& name, int64_t n) {
        if (n > 0) by_name[name] += n;
    };
    const auto flag_of = [&](const std::string& number) {
        return std::find_if(data.categories.begin(), data.categories.end(),
                            [&](const CategoryColumn& column) { return column.missing_in == number; });
    };
    for (size_t i = 0; i < data.categories.size(); ++i) {
        const CategoryColumn& column = data.categories[i];
        if (!column.missing_in.empty()) continue;
        const CodedColumn values(table, column.name);
        const at::Tensor encoded = encode_column(column.vocabulary, values);
        if (counts) count(counts->unknown, column.name, encoded.eq(0).sum().item<int64_t>() - values.missing());
        parts.put(0, i, encoded);
    }
    for (size_t i = 0; i < data.numbers.size(); ++i) {
        const NumberColumn& column = data.numbers[i];
        const at::Tensor values = read_numbers(table, column.name);
        parts.put(1, i, scaled(column, values));
        if (const auto flag = flag_of(column.name); flag != data.categories.end()) {
            parts.put(0, static_cast<size_t>(flag - data.categories.begin()), missing_flag(values));
        } else if (counts) {
            count(counts->filled, column.name, values.isnan().sum().item<int64_t>());
        }
    }
    for (const TextColumn& column : data.texts) {
        parts.append(column.vocabulary.encode(table, column.name, column.max_len));
    }
    return std::move(parts).take();
}

FittedTable fit_table(const Table& table, const TabularOptions& options, const std::vector<at::Tensor>& parts) {
    FittedTable fitted = Fit(table, options, parts.front()).run();
    for (auto& inputs : encode_inputs(*fitted.data, table, parts)) {
        fitted.parts.push_back({.inputs = std::move(inputs), .targets = {}});
    }
    for (const TargetColumn& target : fitted.data->targets) {
        const at::Tensor encoded = encode_target(target, table);
        for (size_t part = 0; part < parts.size(); ++part) {
            fitted.parts[part].targets.push_back(encoded.index_select(0, parts[part]));
        }
    }
    return fitted;
}

}  // namespace embark
