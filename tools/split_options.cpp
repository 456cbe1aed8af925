#include "split_options.h"

#include <algorithm>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/data/loaders/column_splitters.h>

#include "training_options.h"

namespace embark::tools {
namespace {

/// What a way to split needs.
struct SplitKind {
    const char* name;
    /// The option that names its column; none where it needs none.
    const char* column_option;
    /// Whether --valid-pct says how many rows are taken.
    bool takes_share;
};

constexpr SplitKind kKinds[] = {{"random", nullptr, true}, {"stratified", nullptr, true},
                                {"time", "time", true},    {"group", "group", true},
                                {"column", "split-column", false},
                                {"leave-last-out", "time", false}};

const SplitKind& kind_of(const SplitOptions& options) {
    const bool known = std::find(options.kinds.begin(), options.kinds.end(), options.split) != options.kinds.end();
    require<UsageError>(known, "Invalid --split ", options.split, ": it is one of ", join(options.kinds));
    return *std::find_if(std::begin(kKinds), std::end(kKinds),
                         [&](const SplitKind& kind) { return kind.name == options.split; });
}

/// The ways to split that need the column of `option`, for messages.
std::string users_of(const std::string& option, const SplitOptions& options) {
    std::vector<std::string> users;
    for (const SplitKind& kind : kKinds) {
        const bool offered = std::find(options.kinds.begin(), options.kinds.end(), kind.name) != options.kinds.end();
        const bool needs_it = kind.column_option && kind.column_option == option;
        if (offered && needs_it) users.push_back(concat("--split ", kind.name));
    }
    return join(users, " or ");
}

void leave_out(const std::string& option, const std::string& column, TabularOptions& data) {
    for (const auto* names :
         {&data.y_names, &data.cat_names, &data.cont_names, &data.date_names, &data.text_names}) {
        require<UsageError>(std::find(names->begin(), names->end(), column) == names->end(), "--", option, " ", column,
                            " names a column that says how rows are split, which is also named as a target or as one "
                            "to predict from");
    }
    data.ignore_names.push_back(column);
}

}  // namespace

void add_table_split_options(CommandLine& line, SplitOptions& options) {
    options.kinds = {"random", "stratified", "time", "group", "column"};
    auto add = line.options.add_options();
    add("split", text_option(options.split, "HOW"),
        "which rows are for validation: random (the default), stratified by the first target, time (the latest), group "
        "(no group on both sides) or column");
    add("time", text_option(options.time, "NAME"), "with --split time: the column of dates or numbers");
    add("group", text_option(options.group, "NAME"),
        "with --split group: the column whose rows of one value stay together; it is not predicted from");
    add("split-column", text_option(options.column, "NAME"),
        "with --split column: the column that says true for validation rows; it is not predicted from");
}

void add_rating_split_options(CommandLine& line, SplitOptions& options) {
    options.kinds = {"random", "time", "leave-last-out"};
    auto add = line.options.add_options();
    add("split", text_option(options.split, "HOW"),
        "which ratings are for validation: random (the default), time (the latest) or leave-last-out (each user's "
        "latest one, of users who have two); with --dataset ml-100k also u1 to u5, ua and ub, its own splits by ids");
    add("time", text_option(options.time, "NAME"),
        "with --split time or leave-last-out: the column of dates or numbers; with --preset best, whose biases of days "
        "it is for too, dates or seconds since 1970");
    add("date-format", text_option(options.date_format, "FORMAT"),
        "how the dates of --time are written where not as 2024-01-31, such as %m/%d/%Y");
}

void check_split(const SplitOptions& options, const std::vector<std::string>& others,
                 const std::function<bool(const char* option)>& given) {
    const std::pair<const char*, const std::string*> columns[] = {
        {"time", &options.time}, {"group", &options.group}, {"split-column", &options.column}};
    const SplitKind* kind = options.split.empty() ? nullptr : &kind_of(options);
    const std::string needed = kind && kind->column_option ? kind->column_option : "";
    for (const auto& [option, column] : columns) {
        require<UsageError>(option != needed || !column->empty(), "--split ", options.split, " needs a column: give --",
                            option, " NAME");
        const bool is_learned = options.learns_times && column == &options.time;
        require<UsageError>(option == needed || column->empty() || is_learned, "--", option, " ", *column, " is for ",
                            users_of(option, options));
    }
    require<UsageError>(options.date_format.empty() || !options.time.empty(), "--date-format ", options.date_format,
                        " is for the column of --time");
    if (!kind) return;
    for (const std::string& other : others) {
        require<UsageError>(!given(other.c_str()), "Give --split ", options.split, " or --", other, ", not both");
    }
    require<UsageError>(kind->takes_share || !given("valid-pct"), "--valid-pct does not go with --split ",
                        options.split, ", which says itself how many rows are for validation");
}

void apply_split(const SplitOptions& options, TabularOptions& data) {
    if (options.split == "stratified") {
        data.splitter = stratified_splitter(data.y_names.front(), data.valid_pct, data.seed);
    } else if (options.split == "time") {
        data.splitter = time_splitter(options.time, data.valid_pct, data.date_format);
    } else if (options.split == "group") {
        data.splitter = group_splitter(options.group, data.valid_pct, data.seed);
        leave_out("group", options.group, data);
    } else if (options.split == "column") {
        data.splitter = column_splitter(options.column);
        leave_out("split-column", options.column, data);
    }
}

void apply_split(const SplitOptions& options, CollabOptions& ratings) {
    if (options.split == "time") {
        ratings.splitter = time_splitter(options.time, ratings.valid_pct, options.date_format);
    } else if (options.split == "leave-last-out") {
        ratings.splitter = leave_last_out_splitter(ratings.user_name, options.time, options.date_format);
    }
}

std::string split_note(const SplitOptions& options) {
    const std::string& column = options.split == "group" ? options.group : options.column;
    if (column.empty()) return {};
    return concat("column '", column, "' says how rows are split and is not predicted from");
}

}  // namespace embark::tools
