#include "tabular_columns.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/loader_options.h"
#include "../../table/detail/encoded_column.h"
#include "../../table/detail/table_impl.h"

namespace embark {

namespace {

using Names = std::vector<std::string>;

void append(Names& names, const Names& more) {
    names.insert(names.end(), more.begin(), more.end());
}

/// Throws where a name is not the table's, or is among two of the lists.
void check_names(const Table& table, const std::vector<std::pair<const char*, const Names*>>& lists) {
    std::map<std::string, std::string> end_of;
    for (const auto& [end, names] : lists) {
        for (const std::string& name : *names) {
            find_column(name, table.names(), table.source());
            const auto [found, is_new] = end_of.emplace(name, end);
            require<UsageError>(is_new, "Column '", name, "' is named ",
                                found->second == end ? concat("twice among the ", end)
                                                     : concat("both among the ", found->second, " and the ", end));
        }
    }
}

/// Throws where a setting names a target that does not exist.
void check_among_targets(const Names& names, const TabularOptions& options, const char* setting) {
    for (const std::string& name : names) {
        require<UsageError>(has_name(options.y_names, name), setting, " names '", name, "', which is not a target",
                            name_hint(name, options.y_names));
    }
}

bool none_named(const TabularOptions& options) {
    return options.cat_names.empty() && options.cont_names.empty() && options.date_names.empty() &&
           options.text_names.empty();
}

/// All columns but the targets, by what they look like.
void take_all_columns(const Table& table, TabularOptions& options) {
    Names leave_out = options.y_names;
    append(leave_out, options.ignore_names);
    ColumnKinds kinds = cont_cat_split(table, leave_out, options.max_card);
    options.cont_names = std::move(kinds.cont_names);
    for (std::string& name : kinds.cat_names) {
        const bool are_dates = has_dates(table, name, options.date_format);
        (are_dates ? options.date_names : options.cat_names).push_back(std::move(name));
    }
}

}  // namespace

bool has_name(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

ColumnRole role_of(const std::string& name, const TabularOptions& options) {
    using enum ColumnUse;
    if (has_name(options.y_names, name)) {
        if (has_name(options.y_classes, name)) return {.use = categorical};
        if (has_name(options.y_values, name) || has_name(options.y_log, name)) return {.use = continuous};
        return {.max_integers = 2};
    }
    if (has_name(options.cat_names, name) || has_name(options.date_names, name)) return {.use = categorical};
    if (has_name(options.cont_names, name) || has_name(options.text_names, name)) return {.use = continuous};
    return {.max_integers = options.max_card};
}

bool is_categorical(const Table& table, const std::string& name, const ColumnRole& role) {
    if (role.use != ColumnUse::by_values) return role.use == ColumnUse::categorical;
    const ColumnType type = table.type(name);
    if (type == ColumnType::integer) return EncodedColumn(table, name).values().length() <= role.max_integers;
    return type != ColumnType::number;
}

void check(const TabularOptions& options) {
    require<UsageError>(options.hide_categories >= 0 && options.hide_categories < 1, "Invalid hide_categories ",
                        options.hide_categories, ": it must be a share of at least 0 and below 1");
    require<UsageError>(options.max_card >= 0, "Invalid max_card ", options.max_card, ": it must be at least 0");
    require<UsageError>(options.min_count >= 1, "Invalid min_count ", options.min_count, ": it must be at least 1");
    require<UsageError>(options.text_len >= 1, "Invalid text_len ", options.text_len, ": at least 1 token is needed");
    require<UsageError>(std::isfinite(options.fill_constant), "Invalid fill_constant ", options.fill_constant,
                        ": it must be a finite number");
    if (!options.date_format.empty()) require_date_format(options.date_format);
    require_valid(loader_options(options));
}

ColumnKinds cont_cat_split(const Table& table, const std::vector<std::string>& leave_out, int64_t max_card) {
    ColumnKinds kinds;
    for (const std::string& name : table.names()) {
        if (has_name(leave_out, name)) continue;
        const bool categorical = is_categorical(table, name, {.max_integers = max_card});
        (categorical ? kinds.cat_names : kinds.cont_names).push_back(name);
    }
    return kinds;
}

TabularOptions with_columns(const Table& table, TabularOptions options) {
    require<UsageError>(!options.y_names.empty(), "No target is named: give y_names, the columns to predict");
    check_names(table, {{"targets", &options.y_names},
                        {"categories", &options.cat_names},
                        {"numbers", &options.cont_names},
                        {"dates", &options.date_names},
                        {"texts", &options.text_names}});
    check_among_targets(options.y_classes, options, "y_classes");
    check_among_targets(options.y_values, options, "y_values");
    check_among_targets(options.y_log, options, "y_log");
    if (none_named(options)) take_all_columns(table, options);
    require(!none_named(options), "Nothing is left to predict ", join(options.y_names),
            " from: ", display_name(table.source()), " has no other column");
    add_date_parts(table, options);
    return options;
}

}  // namespace embark
