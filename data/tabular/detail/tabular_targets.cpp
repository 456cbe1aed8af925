#include "tabular_targets.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/detail/number_words.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/largest_target.h"
#include "../../table/detail/format_rows.h"
#include "../../table/detail/missing_rows.h"
#include "../../table/detail/table_impl.h"
#include "../vocabulary_columns.h"
#include "label_sets.h"
#include "tabular_columns.h"

namespace embark {

namespace {

/// What is learned of a target of values, before it is brought to mean 0 and σ 1: float64 (rows).
at::Tensor read_values(const Table& table, const TargetColumn& target) {
    if (const auto missing = missing_target_message(table, target.name, missing_rows(table, target.name))) {
        fail(*missing);
    }
    const at::Tensor values = table.finite_numbers(target.name);
    const double* data = values.const_data_ptr<double>();
    const double* huge = std::find_if(data, data + values.numel(), is_beyond_targets);
    if (huge != data + values.numel()) {
        fail(table.where(huge - data, target.name), ": ", *huge, " is too large a target to train with, at most ",
             kLargestTarget, " is; correct it, leave the row out, or give the target in a larger unit");
    }
    if (!target.log) return values;
    const double* bad = std::find_if_not(data, data + values.numel(), [](double value) { return value > 0; });
    if (bad != data + values.numel()) {
        fail(table.where(bad - data, target.name), ": ", *bad, " has no logarithm, which this target is learned by; ",
             "all its values must be above 0");
    }
    return values.log();
}

Vocabulary label_vocabulary(std::vector<std::string> labels) {
    labels.emplace(labels.begin(), Vocabulary::kMissing);
    return Vocabulary::from_names(std::move(labels));
}

void fit_labels(TargetColumn& target, const Table& table, const TabularOptions& options, const FitRows& rows) {
    target.label_delim = options.label_delim;
    target.classes = label_vocabulary(find_labels(table.take(rows.all), target.name, options.label_delim));
    require(target.classes.size() > 2, "Target '", target.name, "' has ",
            target.classes.size() == 1 ? "no label" : "only one label", " in the ", rows.n_rows,
            " training rows, so there is nothing to learn");
}

void fit_classes(TargetColumn& target, const Table& table, const FitRows& rows) {
    target.classes = fit_vocabulary(table, target.name, rows.all);
    require(target.classes.size() > 2, "Target '", target.name, "' has only one class in the ", rows.n_rows,
            " training rows, '", target.classes.name(1), "', so there is nothing to learn");
}

void fit_values(TargetColumn& target, const Table& table, const TabularOptions& options, const FitRows& rows) {
    target.log = has_name(options.y_log, target.name);
    const at::Tensor values = read_values(table, target).index_select(0, rows.sample);
    require(values.min().item<double>() < values.max().item<double>(), "Target '", target.name,
            "' has only one value in the ", rows.n_rows, " training rows, so there is nothing to learn");
    if (!options.scale_targets) return;
    target.mean = values.mean().item<double>();
    target.scale = values.std(/*unbiased=*/false).item<double>();
}

/// Says what is wrong with `rows` (1-d int64), whose values are none of the classes.
[[noreturn]] void refuse_classes(const TargetColumn& target, const Table& table, const at::Tensor& rows) {
    const std::vector<std::string> found = table.take(rows).text(target.name);
    const at::Tensor at_row = rows.cpu().contiguous();
    const int64_t* row = at_row.const_data_ptr<int64_t>();
    std::vector<char> missing(static_cast<size_t>(table.rows()), 0);
    const auto is_missing = [&](const std::string& text) {
        return target.classes.is_missing(text) ||
               std::find(kMissingWords.begin(), kMissingWords.end(), text) != kMissingWords.end();
    };
    for (size_t i = 0; i < found.size(); ++i) missing[static_cast<size_t>(row[i])] = is_missing(found[i]);
    if (is_missing(found.front())) fail(*missing_target_message(table, target.name, missing));
    fail(table.where(row[0], target.name), ": class ", in_quotes(found.front()), " is not among the ", target.width(),
         " of the training rows, so the model cannot know it", name_hint(found.front(), target.classes.names()));
}

/// "'a', 'b' and 7 more".
std::string some_of(const std::vector<std::string>& classes) {
    constexpr size_t kShown = 5;
    std::vector<std::string> shown;
    for (size_t i = 0; i < std::min(kShown, classes.size()); ++i) shown.push_back(in_quotes(one_line(classes[i])));
    const size_t more = classes.size() - shown.size();
    return join(shown) + (more > 0 ? concat(" and ", more, " more") : "");
}

/// How many of the encoded targets each class has.
at::Tensor count_classes(const TargetColumn& target, const at::Tensor& encoded) {
    if (target.is_multi_label()) return encoded.cpu().sum(0, /*keepdim=*/false, at::kLong);
    return at::bincount(encoded.cpu(), /*weights=*/{}, target.width());
}

/// The classes that `is_wanted` says of.
template <class IsWanted>
std::vector<std::string> classes_where(const TargetColumn& target, IsWanted&& is_wanted) {
    std::vector<std::string> classes;
    for (int64_t i = 0; i < target.width(); ++i) {
        if (is_wanted(i)) classes.push_back(target.classes.name(i + 1));
    }
    return classes;
}

}  // namespace

std::optional<std::string> missing_target_message(const Table& table, const std::string& name,
                                                  const std::vector<char>& missing) {
    const auto first = std::find(missing.begin(), missing.end(), 1);
    if (first == missing.end()) return std::nullopt;
    return concat(table.where(first - missing.begin(), name), ": the target is missing, as in ",
                  std::count(missing.begin(), missing.end(), 1), " of ", missing.size(),
                  missing.size() == 1 ? " row" : " rows",
                  "; leave such rows out (Table::drop_missing, --drop-missing-target)");
}

void warn_of_classes(const TargetColumn& target, const at::Tensor& train, const at::Tensor& valid,
                     std::vector<Warning>& warnings) {
    if (!target.is_class()) return;
    const at::Tensor n_train = count_classes(target, train);
    const int64_t* rows = n_train.const_data_ptr<int64_t>();
    const auto rare = classes_where(target, [&](int64_t i) { return rows[i] < 2; });
    if (!rare.empty()) {
        warnings.push_back({"rare_class", concat("target '", target.name, "' has classes of a single training row, ",
                                                 "from which little can be learned: ", some_of(rare))});
    }
    if (!valid.defined() || valid.numel() == 0) return;
    const at::Tensor n_valid = count_classes(target, valid);
    const int64_t* there = n_valid.const_data_ptr<int64_t>();
    const auto absent = classes_where(target, [&](int64_t i) { return there[i] == 0; });
    if (absent.empty()) return;
    warnings.push_back({"class_not_in_validation",
                        concat("target '", target.name, "' has classes that none of the ", valid.size(0),
                               valid.size(0) == 1 ? " validation row has" : " validation rows has",
                               ", so that the metrics say nothing of them: ", some_of(absent))});
}

std::vector<TargetColumn> fit_targets(const Table& table, const TabularOptions& options, const FitRows& rows) {
    std::vector<TargetColumn> targets;
    for (const std::string& name : options.y_names) {
        TargetColumn& target = targets.emplace_back(TargetColumn{.name = name});
        if (has_name(options.y_multi_label, name)) {
            fit_labels(target, table, options, rows);
        } else if (has_name(options.y_classes, name)) {
            fit_classes(target, table, rows);
        } else {
            fit_values(target, table, options, rows);
        }
    }
    return targets;
}

at::Tensor encode_target(const TargetColumn& target, const Table& table) {
    if (!target.is_class()) {
        return ((read_values(table, target) - target.mean) / target.scale).to(at::kFloat).unsqueeze(1);
    }
    if (target.is_multi_label()) return encode_labels(target, table);
    const at::Tensor encoded = encode_column(target.classes, table, target.name) - 1;
    const at::Tensor unknown = encoded.lt(0).nonzero().flatten();
    if (unknown.numel() > 0) refuse_classes(target, table, unknown);
    return encoded;
}

}  // namespace embark
