#include "tabular_targets.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/largest_target.h"
#include "../vocabulary_columns.h"
#include "tabular_columns.h"

namespace embark {

namespace {

/// What is learned of a target of values, before it is brought to mean 0 and σ 1: float64 (rows).
at::Tensor read_values(const Table& table, const TargetColumn& target) {
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

void fit_classes(TargetColumn& target, const Table& table, const FitRows& rows) {
    target.classes = fit_vocabulary(table, target.name, rows.all);
    if (target.classes.size() == 1) {
        fail(table.where(rows.all[0].item<int64_t>(), target.name), ": the target is missing, in all training rows");
    }
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

[[noreturn]] void refuse_class(const TargetColumn& target, const Table& table, int64_t row) {
    const std::string found = table.take(at::tensor({row}, at::kLong)).text(target.name).front();
    const std::string place = table.where(row, target.name);
    if (target.classes.is_missing(found)) fail(place, ": the target is missing; leave such rows out of the table");
    fail(place, ": class '", found, "' is not among the ", target.width(),
         " of the training rows, so the model cannot know it", name_hint(found, target.classes.names()));
}

}  // namespace

std::vector<TargetColumn> fit_targets(const Table& table, const TabularOptions& options, const FitRows& rows) {
    std::vector<TargetColumn> targets;
    for (const std::string& name : options.y_names) {
        TargetColumn& target = targets.emplace_back(TargetColumn{.name = name});
        if (is_categorical(table, name, role_of(name, options))) {
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
    const at::Tensor numbers = encode_column(target.classes, table, target.name);
    // Where a file says nan, no label was known; it is no class of that name.
    for (const char* word : {"nan", "NaN"}) {
        if (!target.classes.has(word)) continue;
        const at::Tensor rows = numbers.eq(target.classes.index(word)).nonzero();
        if (rows.numel() > 0) {
            fail(table.where(rows[0].item<int64_t>(), target.name), ": '", word, "' is no class; leave such rows out");
        }
    }
    const at::Tensor encoded = numbers - 1;
    const at::Tensor unknown = encoded.lt(0).nonzero();
    if (unknown.numel() > 0) refuse_class(target, table, unknown[0].item<int64_t>());
    return encoded;
}

}  // namespace embark
