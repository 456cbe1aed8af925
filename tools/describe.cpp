#include <iostream>

#include <nlohmann/json.hpp>

#include <embark/core/error.h>

#include "column_options.h"
#include "column_report.h"
#include "commands.h"
#include "read_table.h"
#include "training_options.h"

namespace embark::tools {

int describe(const Arguments& arguments) {
    CommandLine line("embark describe FILE [--target NAME,…] [OPTIONS]",
                     "Says what the columns of a table would be taken for, and what training would warn of or refuse.");
    std::string file;
    bool json = false;
    ReadingOptions reading;
    ColumnOptions columns;
    line.options.add_options()("csv", text_option(file, "FILE"), "the file, where it is not given as the first word");
    add_reading_options(line, reading);
    add_column_options(line, columns);
    line.options.add_options()("json", po::bool_switch(&json), "print it as one JSON object");
    if (line.help_printed(arguments)) return kSuccess;
    Arguments words = arguments;
    if (!words.empty() && (words.front() == "-" || !words.front().starts_with("-"))) {
        words.insert(words.begin(), "--csv");
    }
    line.parse(words);
    require<UsageError>(!file.empty(), "Name the file to describe: embark describe FILE");

    std::vector<Warning> warnings;
    const Table table = with_targets(columns, "", read_table(reading, file, {.trim_spaces = true}), warnings);
    TabularOptions options;
    apply_columns(columns, table.names(), "", options);
    const TableDescription description = embark::describe(table, options);
    warnings.insert(warnings.end(), description.warnings.begin(), description.warnings.end());
    if (json) {
        std::cout << nlohmann::json{{"rows", table.rows()},
                                    {"columns", columns_report(description.columns)},
                                    {"warnings", warnings_report(warnings)}}
                         .dump(2)
                  << "\n";
        return kSuccess;
    }
    std::cout << description.columns << table.rows() << (table.rows() == 1 ? " row\n" : " rows\n");
    show_warnings(warnings);
    return kSuccess;
}

}  // namespace embark::tools
