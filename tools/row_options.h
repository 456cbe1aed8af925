#pragma once

#include <functional>
#include <string>

#include <embark/learners/tabular_recipe.h>

#include "command_line.h"

namespace embark::tools {

/// How much rows and classes of a table count in training, and which categories are learned.
struct RowOptions {
    std::string weight, class_weight = "none";
    int64_t min_count = 1;
};

void add_row_options(CommandLine& line, RowOptions& options);

/// Throws UsageError for what can never be right, also beside --stream.
void check_rows(const RowOptions& options, bool stream);

void apply_rows(const RowOptions& options, TabularRecipe& recipe);

}  // namespace embark::tools
