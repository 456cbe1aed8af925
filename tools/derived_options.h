#pragma once

#include <string>
#include <vector>

#include <embark/data/tabular/tabular.h>

#include "command_line.h"

namespace embark::tools {

/// What a user says of the numbers that are derived from others.
struct DerivedOptions {
    ListWords rotate, neighbours;
    std::string counts;

    bool given() const { return !rotate.empty() || !neighbours.empty(); }
};

void add_derived_options(CommandLine& line, DerivedOptions& options);

/// Throws UsageError for what can never be right, also beside --stream.
void check_derived(const DerivedOptions& options, bool stream);

/// Takes over what was said, of a table with the columns `names`.
void apply_derived(const DerivedOptions& options, const std::vector<std::string>& names, TabularOptions& data);

}  // namespace embark::tools
