#include "date_columns.h"

#include <optional>
#include <set>
#include <utility>

#include <arrow/api.h>

#include "../../../core/error.h"
#include "../../table/date_parts.h"
#include "../../table/detail/arrow_utils.h"
#include "../../table/detail/column_type.h"
#include "../../table/detail/table_impl.h"

namespace embark {

namespace {

constexpr const char* kUnreadableDates = "unreadable_dates";

DateColumn date_of(const std::string& name, const TabularOptions& options) {
    DateColumn date{.name = name, .time = options.date_time, .format = options.date_format};
    if (const auto prefix = options.date_prefixes.find(name); prefix != options.date_prefixes.end()) {
        date.prefix = prefix->second;
    }
    return date;
}

bool is_all_missing(const Table& table, const DateColumn& date) {
    const auto values = table.column(columns_of(date).front().name);
    return values->null_count() == values->length();
}

}  // namespace

bool has_dates_of(const Table& table, const std::string& name, const std::string& format) {
    const ArrowColumn values = table.column(name);
    const bool is_text = values->type()->id() == arrow::Type::STRING || is_encoded_text(*values->type());
    if (!is_text || format.empty()) return false;
    return count_kinds(values, table.impl().origin.missing_words, format).type() == ColumnType::date;
}

void add_date_parts(const Table& table, TabularOptions& options) {
    require(options.date_format.empty() || !options.date_names.empty(), "No column of ",
            display_name(table.source()), " has dates, of the format ", options.date_format,
            " or any other; name the column of dates, or leave the format out");
    std::set<std::string> taken(table.names().begin(), table.names().end());
    for (const std::string& name : options.date_names) {
        DateColumn date = date_of(name, options);
        const auto clash = [&]() -> std::optional<std::string> {
            for (const DatePartColumn& column : columns_of(date)) {
                if (taken.contains(column.name)) return column.name;
            }
            return std::nullopt;
        };
        if (const auto column = clash()) {
            require<UsageError>(!date.prefix, "The date '", name, "' would become a column '", *column,
                                "', and there is one of that name; give it another prefix");
            for (date.prefix = name; clash();) *date.prefix += '_';
            options.date_prefixes[name] = *date.prefix;
        }
        for (const DatePartColumn& column : columns_of(date)) {
            taken.insert(column.name);
            (column.is_number ? options.cont_names : options.cat_names).push_back(column.name);
        }
    }
}

std::vector<DateColumn> dates_of(const TabularOptions& options) {
    std::vector<DateColumn> dates;
    for (const auto& name : options.date_names) dates.push_back(date_of(name, options));
    return dates;
}

Table with_date_parts(Table table, const std::vector<DateColumn>& dates, EncodingCounts* counts) {
    for (const DateColumn& date : dates) {
        UnreadableDates unreadable;
        table = add_datepart(table, date.name, date_part_options(date), &unreadable);
        if (counts && unreadable.count > 0) counts->unreadable[date.name] += unreadable.count;
    }
    return table;
}

DatedTable with_dates_to_fit(Table table, const std::vector<DateColumn>& dates, bool is_sample) {
    std::vector<Warning> warnings;
    for (const DateColumn& date : dates) {
        UnreadableDates unreadable;
        table = add_datepart(table, date.name, date_part_options(date), &unreadable);
        const std::string hint = date_hint(date.format);
        // A sample does not know where its rows stand.
        const std::string first =
            is_sample ? concat("column '", date.name, "': ", unreadable.first_value) : unreadable.first;
        if (is_all_missing(table, date)) {
            require(unreadable.count > 0, "Column '", date.name, "' has no date",
                    is_sample ? "" : concat(" in the ", table.rows(), " rows"), "; leave it out");
            fail(first, " is not a date, nor is any other value of the column; ", hint);
        }
        if (unreadable.count == 0) continue;
        std::string others;
        if (is_sample) {
            others = ", as others of the column may be";
        } else if (unreadable.count > 1) {
            others = unreadable.count == 2
                         ? ", as is 1 other value of the column"
                         : concat(", as are ", unreadable.count - 1, " other values of the column");
        }
        warnings.push_back({.code = kUnreadableDates,
                            .message = concat(first, " is not a date and is taken as missing", others, "; ", hint)});
    }
    return {std::move(table), std::move(warnings)};
}

}  // namespace embark
