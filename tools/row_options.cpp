#include "row_options.h"

#include <embark/core/error.h>

#include "training_options.h"

namespace embark::tools {

void add_row_options(CommandLine& line, RowOptions& options) {
    auto add = line.options.add_options();
    add("weight", text_option(options.weight, "NAME"),
        "a column that says how much each training row counts, numbers of at least 0; it is not predicted from");
    add("class-weight", text_option(options.class_weight, "HOW")->default_value(options.class_weight),
        "none, or balanced: classes of a target count the same in training, however many rows they have");
    add("min-count", count_option(options.min_count),
        "categories of fewer training rows are taken as unknown, all as one");
}

void check_rows(const RowOptions& options, bool stream) {
    const bool balanced = options.class_weight == "balanced";
    require<UsageError>(balanced || options.class_weight == "none", "Invalid --class-weight ", options.class_weight,
                        ": it is none or balanced");
    require<UsageError>(options.min_count >= 1, "Invalid --min-count ", options.min_count, ": at least 1 is needed");
    const char* whole = !options.weight.empty() ? "--weight" : balanced ? "--class-weight balanced" : "--min-count";
    require<UsageError>(!stream || (options.weight.empty() && !balanced && options.min_count == 1), whole,
                        " needs all rows at once: leave it or --stream out");
}

void apply_rows(const RowOptions& options, TabularRecipe& recipe) {
    recipe.data.weight_name = options.weight;
    recipe.data.min_count = options.min_count;
    recipe.model.balance_classes = options.class_weight == "balanced";
}

}  // namespace embark::tools
