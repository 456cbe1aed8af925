#include "tabular_columns.h"

#include <algorithm>
#include <cmath>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/loader_options.h"

namespace embark {

bool has_name(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool names_inputs(const TabularOptions& options) {
    return !options.cat_names.empty() || !options.cont_names.empty() || !options.date_names.empty() ||
           !options.text_names.empty();
}

bool finds_columns(const TabularOptions& options) {
    return options.find_others || !names_inputs(options);
}

namespace {

template <class T>
bool has_repeats(std::vector<T> values) {
    std::ranges::sort(values);
    return std::ranges::adjacent_find(values) != values.end();
}

void check(const NeighbourOptions& options) {
    const auto& counts = options.counts;
    require<UsageError>(!counts.empty() && !has_repeats(counts) && std::ranges::min(counts) >= 1,
                        "Invalid counts of neighbours: one or more are needed, each at least 1 and given once");
    require<UsageError>(!has_repeats(options.columns), "The neighbours' columns ", join(options.columns),
                        " name one twice");
}

}  // namespace

void check(const TabularOptions& options) {
    require<UsageError>(options.hide_categories >= 0 && options.hide_categories < 1, "Invalid hide_categories ",
                        options.hide_categories, ": it must be a share of at least 0 and below 1");
    require<UsageError>(options.max_card >= 0, "Invalid max_card ", options.max_card, ": it must be at least 0");
    require<UsageError>(options.max_classes >= 0, "Invalid max_classes ", options.max_classes,
                        ": it must be at least 0");
    require<UsageError>(options.min_count >= 1, "Invalid min_count ", options.min_count, ": it must be at least 1");
    require<UsageError>(options.text_len >= 1, "Invalid text_len ", options.text_len, ": at least 1 token is needed");
    require<UsageError>(std::isfinite(options.fill_constant), "Invalid fill_constant ", options.fill_constant,
                        ": it must be a finite number");
    require<UsageError>(options.y_multi_label.empty() || !options.label_delim.empty(),
                        "An empty label_delim separates no labels; give what stands between them, as ;");
    if (!options.date_format.empty()) require_date_format(options.date_format);
    for (const auto& [x, y] : options.rotated) {
        require<UsageError>(x != y, "Column '", x, "' cannot be rotated with itself; name two");
    }
    if (options.neighbours) check(*options.neighbours);
    require_valid(loader_options(options));
}

}  // namespace embark
