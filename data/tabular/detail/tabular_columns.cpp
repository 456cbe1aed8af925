#include "tabular_columns.h"

#include <algorithm>
#include <cmath>

#include "../../../core/error.h"
#include "../../loaders/detail/loader_options.h"
#include "../../table/column_look.h"
#include "../../table/date_parts.h"

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

std::vector<DateColumn> dates_of(const TabularOptions& options) {
    std::vector<DateColumn> dates;
    for (const auto& name : options.date_names) dates.push_back({.name = name, .time = options.date_time});
    return dates;
}

void check(const TabularOptions& options) {
    require<UsageError>(options.hide_categories >= 0 && options.hide_categories < 1, "Invalid hide_categories ",
                        options.hide_categories, ": it must be a share of at least 0 and below 1");
    require<UsageError>(options.max_card >= 0, "Invalid max_card ", options.max_card, ": it must be at least 0");
    require<UsageError>(options.max_classes >= 0, "Invalid max_classes ", options.max_classes,
                        ": it must be at least 0");
    require<UsageError>(options.text_len >= 1, "Invalid text_len ", options.text_len, ": at least 1 token is needed");
    require<UsageError>(std::isfinite(options.fill_constant), "Invalid fill_constant ", options.fill_constant,
                        ": it must be a finite number");
    require_valid(loader_options(options));
}

Table with_date_parts(Table table, const std::vector<DateColumn>& dates) {
    for (const DateColumn& date : dates) table = add_datepart(table, date.name, {.time = date.time});
    return table;
}

void add_date_parts(const Table& table, TabularOptions& options) {
    for (const std::string& name : options.date_names) {
        for (const auto& column : columns_of({.name = name, .time = options.date_time})) {
            require(!table.has(column.name), "The date '", name, "' would become a column '", column.name,
                    "', and there is one of that name; rename it");
            (column.is_number ? options.cont_names : options.cat_names).push_back(column.name);
        }
    }
}

}  // namespace embark
