#include "column_report.h"

#include <iostream>

namespace embark::tools {

nlohmann::json columns_report(const std::vector<ColumnSummary>& columns) {
    const auto count = [](const std::optional<int64_t>& n) { return n ? nlohmann::json(*n) : nlohmann::json(); };
    auto report = nlohmann::json::array();
    for (const ColumnSummary& column : columns) {
        report.push_back({{"name", column.name},
                          {"kind", to_string(column.kind)},
                          {"distinct", count(column.distinct)},
                          {"missing", count(column.missing)},
                          {"reason", column.reason}});
    }
    return report;
}

void show_columns(const std::vector<ColumnSummary>& columns) {
    std::cerr << columns << "\n";
}

nlohmann::json warnings_report(const std::vector<Warning>& warnings) {
    auto report = nlohmann::json::array();
    for (const Warning& warning : warnings) report.push_back({{"code", warning.code}, {"message", warning.message}});
    return report;
}

void show_warnings(const std::vector<Warning>& warnings) {
    for (const Warning& warning : warnings) std::cerr << "embark: " << warning.message << "\n";
}

}  // namespace embark::tools
