#include "tabular_fit.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "../../../core/detail/number_words.h"
#include "../../../core/detail/parallel.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../predictor/detail/encode_values.h"
#include "../../table/detail/encoded_column.h"
#include "../../table/detail/row_values.h"
#include "../vocabulary_columns.h"
#include "derived_fit.h"
#include "tabular_columns.h"
#include "tabular_targets.h"

namespace embark {

namespace {

/// `table`'s numbers, NaN where missing. Throws Error, with file, row and column, for one beyond float32.
RowValues<double> read_float32(const Table& table, const std::string& name) {
    RowValues<double> numbers = read_numbers(table, name);
    if (const auto row = numbers.find(is_beyond_float)) {
        numbers.with([&](auto number_of) {
            fail(table.where(*row, name), ": ", number_of(*row), " is too large; numbers up to 3.4e38 are taken");
        });
    }
    return numbers;
}

/// Puts `values` into another order.
double median_of(std::vector<double>& values) {
    const auto upper = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
    // Sorting all values would take longer than reading them.
    std::nth_element(values.begin(), upper, values.end());
    const double lower = values.size() % 2 == 1 ? *upper : *std::max_element(values.begin(), upper);
    return (lower + *upper) / 2;
}

/// Puts `values` into another order. Of several the lowest.
double mode_of(std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    double mode = values.front();
    ptrdiff_t most = 0;
    for (auto first = values.begin(); first != values.end();) {
        const auto last = std::upper_bound(first, values.end(), *first);
        if (last - first > most) mode = *first;
        most = std::max(most, last - first);
        first = last;
    }
    return mode;
}

double fill_of(const TabularOptions& options, std::vector<double> present) {
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

CategoryColumn flag_column(const std::string& number) {
    return {.name = number + "_na",
            .vocabulary = Vocabulary::from_names({std::string(Vocabulary::kMissing), "False", "True"}),
            .missing_in = number};
}

/// A number, and whether one of the training rows has none.
struct FittedNumber {
    NumberColumn column;
    bool any_missing;
};

/// Rows that become one data set.
struct FittedPart {
    at::Tensor rows;
    RowOrder order;
    /// What was derived of them when they were fitted on; undefined: to be derived.
    at::Tensor derived = {};

    FittedPart(const at::Tensor& its_rows, const Table& table) : rows(its_rows), order(rows, table.rows()) {}
};

/// Fits columns, each by itself.
class Fit {
public:
    /// All must outlive this.
    Fit(const Table& table, const TabularOptions& options, const FitRows& rows)
        : table_(table),
          options_(options),
          rows_(rows),
          is_train_(mark_rows(rows.all, table)),
          sample_(rows.sample, table.rows()) {}

    FittedTable run() const {
        const auto n_categories = static_cast<int64_t>(options_.cat_names.size());
        const auto n_numbers = static_cast<int64_t>(options_.cont_names.size());
        const auto data = std::make_shared<TabularData>();
        data->categories.resize(options_.cat_names.size());
        std::vector<FittedNumber> numbers(options_.cont_names.size());
        parallel_for_each(n_categories + n_numbers, [&](int64_t i) {
            const auto category = static_cast<size_t>(i), number = static_cast<size_t>(i - n_categories);
            if (i < n_categories) {
                data->categories[category] = fit_category(options_.cat_names[category]);
            } else {
                numbers[number] = fit_number(options_.cont_names[number]);
            }
        });
        std::vector<Warning> warnings;
        for (const auto& column : data->categories) {
            if (!is_date_part(column.name)) warn_of_many(column, warnings);
        }
        for (auto& number : numbers) {
            if (options_.missing_flags && number.any_missing) add_flag(number.column.name, data->categories);
            data->numbers.push_back(std::move(number.column));
        }
        data->dates = dates_of(options_);
        for (const std::string& name : options_.text_names) {
            data->texts.push_back(
                {.name = name,
                 .vocabulary = fit_text_vocabulary(table_, name, rows_.sample, options_.text_vocabulary),
                 .max_len = options_.text_len});
        }
        data->targets = fit_targets(table_, options_, rows_);
        return {.data = data, .parts = {}, .warnings = std::move(warnings)};
    }

private:
    [[noreturn]] void refuse_empty(const std::string& name) const {
        fail("Column '", name, "' has no value in the ", rows_.n_rows, " training rows; leave it out");
    }

    void add_flag(const std::string& number, std::vector<CategoryColumn>& categories) const {
        CategoryColumn flag = flag_column(number);
        const bool is_taken = has_name(options_.cat_names, flag.name) || has_name(options_.cont_names, flag.name);
        require(!is_taken, "Column '", number,
                "' has missing values, and the category that tells them would be called '", flag.name,
                "', as another column is; rename that one or leave it out");
        categories.push_back(std::move(flag));
    }

    CategoryColumn fit_category(const std::string& name) const {
        const EncodedColumn column(table_, name);
        Vocabulary vocabulary = fit_vocabulary(column, is_train_);
        if (vocabulary.size() == 1) refuse_empty(name);
        if (const auto order = options_.ordered.find(name); order != options_.ordered.end()) {
            vocabulary = ordered(name, vocabulary, order->second);
        } else if (options_.min_count > 1 && !is_date_part(name)) {
            vocabulary = without_rare(name, vocabulary, column);
        }
        return {.name = name, .vocabulary = std::move(vocabulary)};
    }

    bool is_date_part(const std::string& name) const {
        for (const DateColumn& date : dates_of(options_)) {
            for (const DatePartColumn& part : columns_of(date)) {
                if (part.name == name) return true;
            }
        }
        return false;
    }

    /// The categories that have at least `min_count` training rows.
    Vocabulary without_rare(const std::string& name, const Vocabulary& vocabulary, const EncodedColumn& column) const {
        const auto& names = vocabulary.names();
        std::vector<int64_t> rows(names.size(), 0);
        encode_column(vocabulary, column).with([&](auto category_of) {
            for (size_t row = 0; row < is_train_.size(); ++row) {
                if (is_train_[row]) ++rows[static_cast<size_t>(category_of(static_cast<int64_t>(row)))];
            }
        });
        std::vector<std::string> kept = {names.front()};
        for (size_t i = 1; i < names.size(); ++i) {
            if (rows[i] >= options_.min_count) kept.push_back(names[i]);
        }
        require(kept.size() > 1, "Column '", name, "' has no category of at least ", options_.min_count,
                " training rows; leave the column out, or take a lower min_count");
        return Vocabulary::from_names(std::move(kept), vocabulary.spelling());
    }

    void warn_of_many(const CategoryColumn& column, std::vector<Warning>& warnings) const {
        const int64_t n_categories = column.vocabulary.size() - 1;
        if (2 * n_categories <= rows_.n_rows) return;
        warnings.push_back(
            {"many_categories", concat("column '", column.name, "' has ", n_categories, " categories in ", rows_.n_rows,
                                       " training rows; a category that is seen once teaches nothing")});
    }

    static Vocabulary ordered(const std::string& name, const Vocabulary& found, std::vector<std::string> order) {
        for (std::string& value : order) value = std::string(spell(found.spelling(), value));
        for (size_t i = 1; i < found.names().size(); ++i) {
            const std::string& value = found.names()[i];
            require(std::find(order.begin(), order.end(), value) != order.end(), "Column '", name, "' has a category '",
                    value, "' that its order leaves out; the order is ", join(order));
        }
        order.insert(order.begin(), std::string(Vocabulary::kMissing));
        return Vocabulary::from_names(std::move(order), found.spelling());
    }

    FittedNumber fit_number(const std::string& name) const {
        const RowValues<double> numbers = read_float32(table_, name);
        std::vector<double> present;
        present.reserve(static_cast<size_t>(sample_.size()));
        numbers.with([&](auto number_of) {
            sample_.walk(0, sample_.steps(), [&](int64_t row, int64_t) {
                const double number = number_of(row);
                if (!std::isnan(number)) present.push_back(number);
            });
        });
        if (present.empty()) refuse_empty(name);
        const int64_t n_missing = sample_.size() - static_cast<int64_t>(present.size());
        const double fill = fill_of(options_, present);
        present.insert(present.end(), static_cast<size_t>(n_missing), fill);
        const at::Tensor filled = at::from_blob(present.data(), {sample_.size()}, at::kDouble);
        return {.column = {.name = name, .fill = fill, .scaler = NumberScaler::fit(options_.scaling, filled)},
                .any_missing = n_missing > 0 || is_missing_elsewhere(numbers)};
    }

    /// Whether one of the training rows that are not in the sample has no number.
    bool is_missing_elsewhere(const RowValues<double>& numbers) const {
        if (rows_.sample.is_same(rows_.all)) return false;
        bool any = false;
        numbers.with([&](auto number_of) {
            for (int64_t row = 0; row < numbers.rows() && !any; ++row) {
                any = is_train_[static_cast<size_t>(row)] && std::isnan(number_of(row));
            }
        });
        return any;
    }

    const Table& table_;
    const TabularOptions& options_;
    FitRows rows_;
    std::vector<char> is_train_;
    RowOrder sample_;
};

/// The columns of the inputs, and where it is asked for of how many rows each has what training had not.
struct EncodedColumns {
    std::vector<RowValues<int64_t>> categories;
    std::vector<RowValues<float>> numbers;
    std::vector<SeenValues> seen;
    std::vector<int64_t> n_filled;

    EncodedColumns(const TabularData& data, const Table& table, bool counted)
        : categories(data.categories.size()),
          numbers(data.own_numbers().size()),
          seen(categories.size()),
          n_filled(numbers.size(), 0),
          counted_(counted) {
        const auto n_categories = static_cast<int64_t>(categories.size());
        const auto n_numbers = static_cast<int64_t>(numbers.size());
        parallel_for_each(n_categories + n_numbers, [&](int64_t i) {
            if (i < n_categories) {
                encode_category(static_cast<size_t>(i), data, table);
            } else {
                encode_continuous(static_cast<size_t>(i - n_categories), data, table);
            }
        });
    }

private:
    void encode_category(size_t i, const TabularData& data, const Table& table) {
        const CategoryColumn& column = data.categories[i];
        if (!column.missing_in.empty()) return;  // its number encodes it
        const EncodedColumn values(table, column.name);
        categories[i] = encode_column(column.vocabulary, values);
        if (counted_) seen[i] = seen_values(values, column.vocabulary);
    }

    void encode_continuous(size_t i, const TabularData& data, const Table& table) {
        const NumberColumn& column = data.numbers[i];
        const RowValues<double> values = read_float32(table, column.name);
        numbers[i] = values.map([&](double number) { return encode_number(column, number); });
        if (const auto flag = find_flag(data, column); flag != data.categories.end()) {
            categories[static_cast<size_t>(flag - data.categories.begin())] = values.map(encode_flag);
        } else if (counted_) {
            n_filled[i] = values.count([](double number) { return std::isnan(number); });
        }
    }

    bool counted_;
};

void add_counts(EncodingCounts& counts, const TabularData& data, const EncodedColumns& columns) {
    for (size_t i = 0; i < data.categories.size(); ++i) {
        if (data.categories[i].missing_in.empty()) counts.add(data.categories[i].name, columns.seen[i]);
    }
    for (size_t i = 0; i < columns.numbers.size(); ++i) {
        if (columns.n_filled[i] > 0) counts.filled[data.numbers[i].name] += columns.n_filled[i];
    }
}

std::vector<Tensors> encode_parts(const TabularData& data, const Table& table, const std::vector<FittedPart>& parts,
                                  EncodingCounts* counts) {
    const EncodedColumns columns(data, table, /*counted=*/counts != nullptr);
    if (counts) add_counts(*counts, data, columns);
    const auto n_categories = static_cast<int64_t>(data.categories.size());
    const int64_t n_numbers = std::ssize(data.own_numbers());
    std::vector<Tensors> inputs;
    for (const FittedPart& part : parts) {
        Tensors& input = inputs.emplace_back();
        input.push_back(at::empty({part.order.size(), n_categories}, at::kLong));
        scatter_rows(columns.categories, part.order, input.back());
        input.push_back(at::empty({part.order.size(), n_numbers}, at::kFloat));
        scatter_rows(columns.numbers, part.order, input.back());
        if (data.n_derived() == 0) continue;
        const at::Tensor derived =
            part.derived.defined() ? part.derived : derive_numbers(data, own_values(data, table, part.rows));
        input.back() = at::cat({input.back(), encode_derived(data, derived)}, 1);
    }
    for (const TextColumn& column : data.texts) {
        const at::Tensor tokens = encode_column(column.vocabulary, table, column.name, column.max_len);
        for (size_t i = 0; i < parts.size(); ++i) inputs[i].push_back(tokens.index_select(0, parts[i].rows));
    }
    return inputs;
}

}  // namespace

Tensors encode_inputs(const TabularData& data, const Table& table, EncodingCounts* counts) {
    return encode_parts(data, table, {FittedPart(at::arange(table.rows()), table)}, counts).front();
}

TensorDataset encode_rows(const TabularData& data, const Table& table, const at::Tensor& rows) {
    TensorDataset encoded = {.inputs = encode_parts(data, table, {FittedPart(rows, table)}, /*counts=*/nullptr).front(),
                             .targets = {}};
    std::vector<std::string> names;
    for (const TargetColumn& target : data.targets) names.push_back(target.name);
    // What other rows have as target may be none of these rows' classes.
    const Table targets = table.select(names).take(rows);
    for (const TargetColumn& target : data.targets) encoded.targets.push_back(encode_target(target, targets));
    return encoded;
}

FittedTable fit_columns(const Table& table, const TabularOptions& options, const FitRows& rows) {
    return Fit(table, options, rows).run();
}

FittedTable fit_table(const Table& table, const TabularOptions& options, const std::vector<at::Tensor>& row_parts) {
    std::vector<FittedPart> parts;
    for (const at::Tensor& rows : row_parts) parts.emplace_back(rows, table);
    const at::Tensor& train = row_parts.front();
    FittedTable fitted = fit_columns(table, options, {.all = train, .sample = train, .n_rows = train.numel()});
    fitted.parts.resize(parts.size());
    for (const TargetColumn& target : fitted.data->targets) {
        const at::Tensor encoded = encode_target(target, table);
        for (size_t i = 0; i < parts.size(); ++i) {
            fitted.parts[i].targets.push_back(encoded.index_select(0, parts[i].rows));
        }
    }
    parts.front().derived = fit_derived(*fitted.data, table, options, train, fitted.parts.front().targets);
    const std::vector<Tensors> inputs = encode_parts(*fitted.data, table, parts, /*counts=*/nullptr);
    for (size_t i = 0; i < parts.size(); ++i) fitted.parts[i].inputs = inputs[i];
    return fitted;
}

}  // namespace embark
