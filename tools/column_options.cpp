#include "column_options.h"

#include <algorithm>

#include <embark/core/error.h>
#include <embark/core/text.h>

#include "training_options.h"

namespace embark::tools {

namespace {

bool among(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

void require_delimiter(const std::string& text) {
    require<UsageError>(!text.empty(), "An empty --multi-label separates no labels; give what stands between them, as ;");
}

}  // namespace

void add_column_options(CommandLine& line, ColumnOptions& columns) {
    auto add = line.options.add_options();
    add("target", list_option(columns.target, "NAME,…"), "the columns to predict");
    add("classes", list_option(columns.classes, "NAME,…"), "targets that are classes although they look like values");
    add("values", list_option(columns.values, "NAME,…"), "targets that are values although they look like classes");
    add("multi-label", text_option(columns.label_delim, "SEP")->notifier(require_delimiter),
        "the targets have several labels a row, one or none, with SEP between them: --multi-label ';' for a;b; not "
        "those named by --classes, --values or --log");
    add("log", list_option(columns.log, "NAME,…"), "targets that are learned by their logarithm");
    add("drop-missing-target", po::bool_switch(&columns.drop_missing_target),
        "leave out the rows whose target is missing");
    add("cat", list_option(columns.cat, "NAME,…"),
        "columns that are categories, whatever they look like; those that are not named are told apart by values");
    add("cont", list_option(columns.cont, "NAME,…"), "columns that are numbers");
    add("date", list_option(columns.date, "NAME,…"), "columns of dates, which become year, month, …");
    add("date-format", po::value(&columns.date_format)->value_name("FORMAT"),
        "how dates are written where not as 2024-01-31, such as %m/%d/%Y");
    add("text", list_option(columns.text, "NAME,…"), "columns of texts of any length, read word by word");
    add("only", list_option(columns.only, "NAME,…"), "the only columns to predict from");
    add("ignore", list_option(columns.ignore, "NAME,…"), "columns not to predict from");
}

std::vector<std::string> targets_of(const ColumnOptions& columns, const std::vector<std::string>& names,
                                    const std::string& usual) {
    if (!columns.target.empty()) return list_of(columns.target, names);
    return usual.empty() ? std::vector<std::string>{} : std::vector<std::string>{usual};
}

void apply_columns(const ColumnOptions& columns, const std::vector<std::string>& names, const std::string& usual_target,
                   TabularOptions& options) {
    const auto listed = [&](const ListWords& words) {
        return words.empty() ? std::vector<std::string>{} : list_of(words, names);
    };
    options.y_names = targets_of(columns, names, usual_target);
    options.y_classes = listed(columns.classes);
    options.y_values = listed(columns.values);
    options.y_log = listed(columns.log);
    if (!columns.label_delim.empty()) {
        options.label_delim = columns.label_delim;
        for (const std::string& name : options.y_names) {
            if (!among(options.y_classes, name) && !among(options.y_values, name) && !among(options.y_log, name)) {
                options.y_multi_label.push_back(name);
            }
        }
    }
    options.cat_names = listed(columns.cat);
    options.cont_names = listed(columns.cont);
    options.date_names = listed(columns.date);
    options.date_format = columns.date_format;
    options.text_names = listed(columns.text);
    options.only_names = listed(columns.only);
    options.ignore_names = listed(columns.ignore);
    options.find_others = true;
}

Table with_targets(const ColumnOptions& columns, const std::string& usual_target, Table table,
                   std::vector<Warning>& warnings) {
    if (!columns.drop_missing_target) return table;
    std::vector<std::string> there;
    for (const std::string& target : targets_of(columns, table.names(), usual_target)) {
        if (table.has(target)) there.push_back(target);
    }
    Table kept = table.drop_missing(there);
    const int64_t dropped = table.rows() - kept.rows();
    if (dropped == 0) return table;
    const std::string file = table.source().empty() ? "the table" : table.source();
    require(kept.rows() > 0, "None of the ", table.rows(), " rows of ", file, " has a target in ", join(there));
    warnings.push_back({"missing_target_dropped", concat(dropped, " of ", table.rows(), " rows of ", file,
                                                         " have no target and were left out")});
    return kept;
}

}  // namespace embark::tools
