#pragma once

#include <functional>
#include <string>
#include <vector>

#include <embark/data/collab/collab.h>
#include <embark/data/tabular/tabular.h>

#include "command_line.h"

namespace embark::tools {

/// How rows are chosen for validation, of tables and of ratings.
struct SplitOptions {
    /// The words that --split takes.
    std::vector<std::string> kinds;
    std::string split, time, group, column;
    /// Of ratings' times; a table's is among its columns' options.
    std::string date_format = {};
    /// Whether --time is also for what is learned, and so needs no --split.
    bool learns_times = false;
};

/// --split and the columns that it needs.
void add_table_split_options(CommandLine& line, SplitOptions& options);
void add_rating_split_options(CommandLine& line, SplitOptions& options);

/// Throws UsageError for a --split that is unknown or lacks its column, for a column that is another's, and beside
/// `others`, options that choose the rows too, where `given` says that one was given.
void check_split(const SplitOptions& options, const std::vector<std::string>& others,
                 const std::function<bool(const char* option)>& given);

/// Sets the splitter, by the other settings of `data`, and leaves out of the columns to predict from what only says how
/// rows are split. Throws UsageError where such a column is named as one of those.
void apply_split(const SplitOptions& options, TabularOptions& data);
void apply_split(const SplitOptions& options, CollabOptions& ratings);

/// A sentence on the column that apply_split left out; empty where there is none.
std::string split_note(const SplitOptions& options);

}  // namespace embark::tools
