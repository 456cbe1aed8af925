#pragma once

#include <string>
#include <vector>

#include <embark/data/tabular/tabular.h>

#include "command_line.h"

namespace embark::tools {

/// What a user says of a table's columns; their names are lists as list_of reads them.
struct ColumnOptions {
    ListWords target, cat, cont, date, text, classes, values, log, only, ignore;
    std::string date_format, label_delim;
    bool drop_missing_target = false;
};

/// The options of columns, the targets' apart where `describing`, which trains on none.
void add_column_options(CommandLine& line, ColumnOptions& columns);

/// The columns to predict; `usual` where none is named.
std::vector<std::string> targets_of(const ColumnOptions& columns, const std::vector<std::string>& names,
                                    const std::string& usual = {});

/// Takes over what was said of a table's columns, `names`. The columns that are not named are found.
void apply_columns(const ColumnOptions& columns, const std::vector<std::string>& names, const std::string& usual_target,
                   TabularOptions& options);

/// `table` without the rows whose target is missing where that was asked for, and a warning that says how many those
/// are.
Table with_targets(const ColumnOptions& columns, const std::string& usual_target, Table table,
                   std::vector<Warning>& warnings);

}  // namespace embark::tools
