#include "find_columns.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include <ATen/ATen.h>
#include <arrow/api.h>

#include "../../../core/detail/parallel.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../table/detail/arrow_utils.h"
#include "../../table/detail/column_type.h"
#include "../../table/detail/encoded_column.h"
#include "../../table/detail/format_rows.h"
#include "../../table/detail/missing_rows.h"
#include "../../table/detail/table_impl.h"
#include "alike_columns.h"
#include "label_sets.h"
#include "summarize_look.h"
#include "tabular_columns.h"
#include "tabular_targets.h"

namespace embark {

namespace {

using NameLists = std::vector<std::pair<const char*, const std::vector<std::string>*>>;

/// The lists that say what a column is.
NameLists kind_lists(const TabularOptions& options) {
    return {{"categories", &options.cat_names},
            {"numbers", &options.cont_names},
            {"dates", &options.date_names},
            {"texts", &options.text_names}};
}

/// Throws where a name is not the table's, or is among two of the lists.
void check_names(const std::vector<std::string>& there, const std::string& source, const NameLists& lists) {
    std::map<std::string, std::string> end_of;
    for (const auto& [end, names] : lists) {
        for (const std::string& name : *names) {
            find_column(name, there, source);
            const auto [found, is_new] = end_of.emplace(name, end);
            require<UsageError>(is_new, "Column '", name, "' is named ",
                                found->second == end ? concat("twice among the ", end)
                                                     : concat("both among the ", found->second, " and the ", end));
        }
    }
}

/// Throws where a setting names a target that does not exist, or two contradict one another.
void check_target_settings(const TabularOptions& options) {
    const auto check_among_targets = [&](const std::vector<std::string>& names, const char* setting) {
        for (const std::string& name : names) {
            require<UsageError>(has_name(options.y_names, name), setting, " names '", name, "', which is not a target",
                                name_hint(name, options.y_names));
        }
    };
    check_among_targets(options.y_classes, "y_classes");
    check_among_targets(options.y_values, "y_values");
    check_among_targets(options.y_log, "y_log");
    check_among_targets(options.y_multi_label, "y_multi_label");
    for (const std::string& name : options.y_multi_label) {
        const bool otherwise =
            has_name(options.y_classes, name) || has_name(options.y_values, name) || has_name(options.y_log, name);
        require<UsageError>(!otherwise, "Target '", name,
                            "' is named both as one of several labels a row and as classes or values");
    }
    for (const std::string& name : options.y_classes) {
        require<UsageError>(!has_name(options.y_values, name), "Target '", name,
                            "' is named both among the classes and the values");
        require<UsageError>(!has_name(options.y_log, name), "Target '", name,
                            "' is named among the classes, which have no logarithm to learn by");
    }
}

/// Whether a name stands for the rows' numbers or labels, as pandas writes them.
bool is_index_name(std::string_view name) {
    if (name.empty()) return true;
    // "Unnamed: 0.1" is the index of a file that was written and read twice.
    constexpr std::string_view kUnnamed = "Unnamed: 0", kLevel = "__index_level_";
    if (name.starts_with(kLevel)) return name.ends_with("__");
    return name.starts_with(kUnnamed) && name.find_first_not_of(".0123456789", kUnnamed.size()) == name.npos &&
           (name.size() == kUnnamed.size() || name[kUnnamed.size()] == '.');
}

/// How many different integers the values of a column are, however they are spelled; nothing where one of them is
/// something else, or where there are more than `at_most`.
std::optional<int64_t> count_integers(const Table& table, const std::string& name, const ColumnLook& look,
                                      int64_t at_most) {
    constexpr int64_t kSpellings = 16;  // 1, 1.0, 1.00, …: one integer has no more in any file
    const bool numbers = look.type == ColumnType::integer || look.type == ColumnType::number;
    if (!numbers || look.odd > 0 || look.distinct > kSpellings * at_most) return std::nullopt;
    const bool missing_words = table.impl().origin.missing_words;
    const EncodedColumn column(table, name);
    std::set<std::string, std::less<>> integers;
    for (int64_t code = 0; code < column.values().length(); ++code) {
        const std::string_view value = column.values().GetView(code);
        if (kind_of(value, missing_words) == ValueKind::missing_word) continue;
        const std::string_view integer = spell(Spelling::integers, value);
        if (!is_plain_integer(integer)) return std::nullopt;
        integers.emplace(integer);
        if (static_cast<int64_t>(integers.size()) > at_most) return std::nullopt;
    }
    return static_cast<int64_t>(integers.size());
}

/// Whether values of this type are something else than text, numbers, true/false and dates.
bool is_unreadable(const arrow::DataType& type) {
    const auto& values = type.id() == arrow::Type::DICTIONARY
                             ? *static_cast<const arrow::DictionaryType&>(type).value_type()
                             : type;
    const auto id = values.id();
    if (id == arrow::Type::NA) return false;  // has no value, which is said
    const bool is_text = id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING || id == arrow::Type::STRING_VIEW;
    const bool is_number =
        id == arrow::Type::BOOL || arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_decimal(id);
    const bool is_time = arrow::is_date(id) || arrow::is_time(id) || id == arrow::Type::TIMESTAMP;
    return !is_text && !is_number && !is_time;
}

/// What a column is named as.
std::optional<ColumnKind> named_kind(const std::string& name, const TabularOptions& options) {
    if (has_name(options.cat_names, name) || options.ordered.contains(name)) return ColumnKind::category;
    if (has_name(options.cont_names, name)) return ColumnKind::number;
    if (has_name(options.date_names, name)) return ColumnKind::date;
    if (has_name(options.text_names, name)) return ColumnKind::text;
    return std::nullopt;
}

/// Whether a column to predict from is named, of whatever kind.
bool is_chosen(const std::string& name, const TabularOptions& options) {
    return named_kind(name, options) || has_name(options.only_names, name);
}

Warning left_out_warning(const char* code, const std::string& name, const std::string& why) {
    return {code, concat("column '", one_line(name), "' ", why, "; it is left out")};
}

/// What a column is taken for, and why.
struct Taken {
    ColumnKind kind;
    std::string why = {};
    /// How many different values of that kind it has, where that is not what it looks like.
    std::optional<int64_t> distinct = {};
};

/// One column's part of what is found.
struct FoundColumn {
    ColumnSummary summary;
    ColumnLook look = {};
    bool is_named = false;
    std::vector<Warning> warnings = {}, problems = {};
};

/// Finds out what the columns of a table are, each by itself.
class ColumnFinder {
public:
    /// All must outlive this.
    ColumnFinder(const Table& table, const TabularOptions& options, const at::Tensor& train)
        : table_(table), options_(options), train_(train) {}

    FoundColumn find(const std::string& name) const {
        FoundColumn found;
        found.summary.name = name;
        const auto kind = named_kind(name, options_);
        const auto left_out = left_out_by_name(name, options_);
        found.is_named = is_chosen(name, options_);
        const ArrowColumn values = table_.column(name);
        if (auto summary = unreadable_column(name, *values->type(), table_.source(), options_, found.warnings)) {
            found.summary = std::move(*summary);
            found.summary.missing = values->null_count();
            return found;
        }
        found.look = look_at(table_, name);
        const Taken taken = is_target(name) ? take_target(name, found)
                            : kind          ? Taken{*kind, "as named"}
                            : left_out      ? Taken{ColumnKind::ignored, *left_out}
                                            : take(name, found);
        found.summary = summarize(name, taken.kind, found.look, taken.why);
        if (taken.distinct) found.summary.distinct = taken.distinct;
        say_if_constant(name, found);
        return found;
    }

private:
    bool is_target(const std::string& name) const { return has_name(options_.y_names, name); }

    Taken leave_out(const std::string& name, FoundColumn& found, const std::string& why) const {
        require(!found.is_named, "Column '", name, "' of ", display_name(table_.source()), " has ", why,
                "; leave it out");
        found.warnings.push_back(left_out_warning("empty_column", name, "has " + why));
        return {ColumnKind::ignored, why};
    }

    /// A column that nobody named, by what it looks like.
    Taken take(const std::string& name, FoundColumn& found) const {
        const ColumnLook& look = found.look;
        if (look.missing == look.rows) {
            return leave_out(name, found, concat("no value in any of the ", look.rows, " rows"));
        }
        if (is_empty_in_training(name, look)) {
            return leave_out(name, found, concat("no value in the ", train_.numel(), " training rows"));
        }
        if (is_index_name(name) && !found.is_named) {
            found.warnings.push_back(left_out_warning("index_column", name, "is an index of the rows by its name, unless it is named as something else"));
            return {ColumnKind::ignored, "an index by its name"};
        }
        if (look.type == ColumnType::text && has_dates_of(table_, name, options_.date_format)) {
            return {ColumnKind::date, "by the date format"};
        }
        settle(name, look, "--cat", found);
        switch (look.type) {
            case ColumnType::date:
                return {ColumnKind::date};
            case ColumnType::number:
                return {ColumnKind::number};
            case ColumnType::boolean:
                return {ColumnKind::category, "true/false"};
            case ColumnType::integer:
                if (const auto n = count_integers(table_, name, look, options_.max_card)) {
                    return {ColumnKind::category, concat("integers of ", *n, *n == 1 ? " value" : " values"), n};
                }
                return {ColumnKind::number};
            case ColumnType::text:
                break;
        }
        return {ColumnKind::category};
    }

    Taken take_target(const std::string& name, FoundColumn& found) const {
        const ColumnLook& look = found.look;
        if (has_name(options_.y_multi_label, name)) {
            const auto n = static_cast<int64_t>(find_labels(table_, name, options_.label_delim).size());
            return {ColumnKind::target_class, concat("several labels a row, with ", in_quotes(options_.label_delim), " between them"), n};
        }
        find_missing_targets(name, found);
        if (has_name(options_.y_classes, name)) {
            if (look.odd > 0) {
                found.warnings.push_back(
                    {"odd_class",
                     concat("target '", name, "' was named as classes, and ", in_quotes(look.first_odd), " in ",
                            table_.where(*look.first_odd_row, name), " becomes one of them, though ",
                            look.rows - look.missing - look.odd, " of its ", look.rows - look.missing,
                            " values are numbers or dates")});
            }
            return {ColumnKind::target_class, "as named", count_integers(table_, name, look, look.distinct)};
        }
        if (has_name(options_.y_values, name) || has_name(options_.y_log, name)) {
            return {ColumnKind::target_value, "as named"};
        }
        settle(name, look, "--classes", found);
        switch (look.type) {
            case ColumnType::boolean:
                return {ColumnKind::target_class, "true/false", look.distinct > 1 ? 2 : look.distinct};
            case ColumnType::integer:
            case ColumnType::number:
                if (const auto n = count_integers(table_, name, look, options_.max_classes)) {
                    return {ColumnKind::target_class, concat("integers of ", *n, *n == 1 ? " value" : " values"), n};
                }
                return {ColumnKind::target_value};
            case ColumnType::date:
                found.problems.push_back(
                    {"date_target",
                     concat("Target '", name, "' of ", display_name(table_.source()),
                            " has dates, which are neither classes nor values; make a number of them, or name it as "
                            "classes (y_classes, --classes ", name, ")")});
                break;
            case ColumnType::text:
                break;
        }
        return {ColumnKind::target_class};
    }

    /// Numbers with something odd among them, and texts that could be numbers, are not guessed at.
    void settle(const std::string& name, const ColumnLook& look, const char* option, FoundColumn& found) const {
        try {
            require_settled(table_, name, look, concat(option, " ", name));
        } catch (const Error& error) {
            found.problems.push_back({"unsettled_column", error.what()});
        }
    }

    void find_missing_targets(const std::string& name, FoundColumn& found) const {
        // Who names classes may mean the words for missing values that stand in files without a word for such.
        if (has_name(options_.y_classes, name) && found.look.missing == 0) return;
        if (auto message = missing_target_message(table_, name, missing_rows(table_, name))) {
            found.problems.push_back({"missing_target", std::move(*message)});
        }
    }

    bool is_empty_in_training(const std::string& name, const ColumnLook& look) const {
        if (!train_.defined() || look.missing < train_.numel()) return false;
        const std::vector<char> missing = missing_rows(table_, name);
        const at::Tensor rows = train_.cpu().contiguous();
        const int64_t* row = rows.const_data_ptr<int64_t>();
        return std::all_of(row, row + rows.numel(), [&](int64_t i) { return missing[static_cast<size_t>(i)] != 0; });
    }

    void say_if_constant(const std::string& name, FoundColumn& found) const {
        const bool is_input = found.summary.kind != ColumnKind::ignored && !is_target(name);
        if (!is_input || found.look.missing > 0 || found.summary.distinct != 1) return;
        found.warnings.push_back({"constant_column", concat("column '", name, "' has the same value in all the ",
                                                            found.look.rows,
                                                            " rows looked at, which teaches nothing")});
    }

    const Table& table_;
    const TabularOptions& options_;
    const at::Tensor& train_;
};

/// Adds names to a list that are not in it yet. The list is not searched for each: there may be 200,000.
class NameAdder {
public:
    /// To a list that outlives it.
    explicit NameAdder(std::vector<std::string>& names) : names_(names), there_(names.begin(), names.end()) {}
    void add(const std::string& name) {
        if (there_.insert(name).second) names_.push_back(name);
    }

private:
    std::vector<std::string>& names_;
    std::unordered_set<std::string> there_;
};

/// Names the columns that were found, in the table's order, after those that were named.
void fill_in_names(TabularOptions& options, const std::vector<FoundColumn>& columns) {
    NameAdder categories(options.cat_names), numbers(options.cont_names), dates(options.date_names),
        classes(options.y_classes), values(options.y_values);
    for (const FoundColumn& column : columns) {
        const std::string& name = column.summary.name;
        switch (column.summary.kind) {
            case ColumnKind::category:
                categories.add(name);
                break;
            case ColumnKind::number:
                numbers.add(name);
                break;
            case ColumnKind::date:
                dates.add(name);
                break;
            case ColumnKind::target_class:
                if (!has_name(options.y_multi_label, name)) classes.add(name);
                break;
            case ColumnKind::target_value:
                if (!has_name(options.y_log, name)) values.add(name);
                break;
            case ColumnKind::text:
            case ColumnKind::ignored:
                break;
        }
    }
}

}  // namespace

void check_all_names(const std::vector<std::string>& there, const std::string& source, const TabularOptions& options) {
    NameLists lists = kind_lists(options);
    lists.insert(lists.begin(), {"targets", &options.y_names});
    lists.emplace_back("columns to ignore", &options.ignore_names);
    check_names(there, source, lists);
    check_target_settings(options);
    std::vector<std::string> ordered;
    for (const auto& [name, order] : options.ordered) ordered.push_back(name);
    std::erase_if(lists, [&](const auto& list) { return list.second == &options.cat_names; });
    lists.emplace_back("ordered categories", &ordered);
    check_names(there, source, lists);
    if (options.only_names.empty()) return;
    check_names(there, source,
                {{"targets", &options.y_names},
                 {"columns to ignore", &options.ignore_names},
                 {"only columns to be taken", &options.only_names}});
    for (const auto& [end, names] : kind_lists(options)) {
        for (const std::string& name : *names) {
            require<UsageError>(has_name(options.only_names, name), "Column '", name, "' is named among the ", end,
                                " and not among the only columns to be taken, ", join(options.only_names));
        }
    }
}

std::optional<std::string> left_out_by_name(const std::string& name, const TabularOptions& options) {
    if (has_name(options.y_names, name) || named_kind(name, options)) return std::nullopt;
    if (name == options.weight_name) return "the rows' weights";
    if (has_name(options.ignore_names, name)) return "as named";
    const bool is_only = has_name(options.only_names, name);
    if (!options.only_names.empty() && !is_only) return "not one of the only columns to be taken";
    if (!finds_columns(options) && !is_only) return "other columns are named";
    return std::nullopt;
}

std::optional<ColumnSummary> unreadable_column(const std::string& name, const arrow::DataType& type,
                                               const std::string& source, const TabularOptions& options,
                                               std::vector<Warning>& warnings) {
    if (!is_unreadable(type)) return std::nullopt;
    const std::string why = concat("values of type ", type.ToString(), ", which are no numbers, texts or dates");
    require(!has_name(options.y_names, name) && !is_chosen(name, options), "Column '", name, "' of ",
            display_name(source), " has ", why);
    const auto left_out = left_out_by_name(name, options);
    if (!left_out) warnings.push_back(left_out_warning("unreadable_column", name, "has " + why));
    return ColumnSummary{.name = name, .kind = ColumnKind::ignored, .reason = left_out.value_or(why)};
}

ColumnKinds cont_cat_split(const Table& table, const std::vector<std::string>& leave_out, int64_t max_card) {
    ColumnKinds kinds;
    for (const std::string& name : table.names()) {
        if (has_name(leave_out, name)) continue;
        const ColumnLook look = look_at(table, name);
        const bool is_number = look.type == ColumnType::number ||
                               (look.type == ColumnType::integer && !count_integers(table, name, look, max_card));
        (is_number ? kinds.cont_names : kinds.cat_names).push_back(name);
    }
    return kinds;
}

FoundColumns find_columns(const Table& table, const TabularOptions& given, const at::Tensor& train) {
    check_all_names(table.names(), table.source(), given);
    const ColumnFinder finder(table, given, train);
    const auto n = static_cast<int64_t>(table.names().size());
    std::vector<FoundColumn> columns(table.names().size());
    parallel_for_each(n, [&](int64_t i) {
        const auto column = static_cast<size_t>(i);
        columns[column] = finder.find(table.names()[column]);
    });
    FoundColumns found = {.options = given, .columns = {}, .warnings = {}, .problems = {}};
    fill_in_names(found.options, columns);
    for (FoundColumn& column : columns) {
        found.columns.push_back(std::move(column.summary));
        std::move(column.warnings.begin(), column.warnings.end(), std::back_inserter(found.warnings));
        std::move(column.problems.begin(), column.problems.end(), std::back_inserter(found.problems));
    }
    warn_of_alike_columns(table, found.columns, found.warnings);
    return found;
}

FoundColumns find_columns_to_train(const Table& table, const TabularOptions& given, const at::Tensor& train) {
    require<UsageError>(!given.y_names.empty(), "No target is named: give y_names, the columns to predict");
    FoundColumns found = find_columns(table, given, train);
    if (!found.problems.empty()) fail(found.problems.front().message);
    require(names_inputs(found.options), "Nothing is left to predict ", join(given.y_names),
            " from: ", display_name(table.source()), " has no other column",
            found.columns.size() > given.y_names.size() ? " that is taken" : "");
    add_date_parts(table, found.options);
    return found;
}

}  // namespace embark
