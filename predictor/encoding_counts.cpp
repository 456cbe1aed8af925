#include "encoding_counts.h"

#include "../core/error.h"
#include "vocabulary.h"

namespace embark {

namespace {

std::string counted(int64_t n, const char* one, const char* many) {
    return concat(n, n == 1 ? one : many);
}

std::string unknown_sentence(const std::string& column, int64_t unknown, const SeenValues& seen) {
    if (unknown == 1 || unknown < seen.values || seen.known_example.empty()) {
        return concat("column '", column, "' has ", counted(unknown, " value", " values"),
                      " that training did not have; taken as unknown");
    }
    return concat("all ", unknown, " values of column '", column, "' are unknown: they look like '",
                  seen.unknown_example, "', training had '", seen.known_example, "'");
}

void add_unknown(const EncodingCounts& counts, const char* code, std::vector<Warning>& warnings) {
    for (const auto& [column, n] : counts.unknown) {
        const auto found = counts.seen.find(column);
        const SeenValues seen = found == counts.seen.end() ? SeenValues{.values = n + 1} : found->second;
        warnings.push_back({code, unknown_sentence(column, n, seen)});
    }
}

}  // namespace

void SeenValues::add(const Vocabulary& vocabulary, std::string_view value, int64_t n) {
    const bool is_known = vocabulary.has(value) && value != Vocabulary::kMissing;
    if (!is_known && vocabulary.is_missing(value)) {
        missing += n;
        return;
    }
    values += n;
    if (known_example.empty() && vocabulary.size() > 1) known_example = vocabulary.name(1);
    if (is_known) return;
    if (unknown_example.empty()) unknown_example = std::string(value);
    unknown += n;
}

void EncodingCounts::add(const std::string& column, const SeenValues& values) {
    if (values.unknown > 0) unknown[column] += values.unknown;
    SeenValues& all = seen[column];
    all.values += values.values;
    all.unknown += values.unknown;
    all.missing += values.missing;
    if (all.unknown_example.empty()) all.unknown_example = values.unknown_example;
    if (all.known_example.empty()) all.known_example = values.known_example;
}

std::vector<Warning> EncodingCounts::warnings() const {
    std::vector<Warning> warnings;
    add_unknown(*this, "unknown_values", warnings);
    for (const auto& [column, n] : filled) {
        warnings.push_back({"filled_values", concat("column '", column, "' has ",
                                                    counted(n, " missing value", " missing values"),
                                                    ", which it had none of in training; filled as the others are")});
    }
    for (const auto& [column, n] : unreadable) {
        warnings.push_back({"unreadable_dates", concat("column '", column, "' has ",
                                                       counted(n, " value that is not a date", " values that are no dates"),
                                                       "; taken as missing")});
    }
    return warnings;
}

std::vector<Warning> EncodingCounts::id_warnings() const {
    std::vector<Warning> warnings;
    add_unknown(*this, "unknown_ids", warnings);
    for (const auto& [column, values] : seen) {
        if (values.missing == 0) continue;
        warnings.push_back({"missing_ids", concat("column '", column, "' has ",
                                                  counted(values.missing, " missing id", " missing ids"),
                                                  "; taken as unknown")});
    }
    return warnings;
}

}  // namespace embark
