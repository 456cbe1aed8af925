#include "read_table.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>
#include <utility>

#include <embark/core/error.h>
#include <embark/data/parquet/feather.h>
#include <embark/data/parquet/parquet.h>

namespace embark::tools {

namespace {

/// One character by itself or by its name.
CsvDelimiter delimiter_of(const std::string& text) {
    static const std::map<std::string, CsvDelimiter> names = {{"tab", '\t'},
                                                              {"\\t", '\t'},
                                                              {"space", CsvDelimiter::whitespace()},
                                                              {"whitespace", CsvDelimiter::whitespace()}};
    if (const auto name = names.find(text); name != names.end()) return name->second;
    return text;
}

char character_of(const std::string& text, const char* option) {
    if (text == "space") return ' ';
    require<UsageError>(text.size() == 1, "Invalid --", option, " '", text, "': one character is needed");
    return text.front();
}

/// The end of a name in small letters: ".parquet".
std::string extension_of(const std::string& file) {
    std::string extension = std::filesystem::path(file).extension().string();
    for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return extension;
}

bool begins_with(const std::string& file, std::string_view magic) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return false;  // of a pipe nothing may be taken away
    std::array<char, 8> head{};
    std::ifstream in(file, std::ios::binary);
    in.read(head.data(), static_cast<std::streamsize>(magic.size()));
    return in && std::string_view(head.data(), magic.size()) == magic;
}

/// All of standard input, in a file that has no name and goes with the process: CSV is read more than once.
class StandardInput {
public:
    StandardInput() : file_(std::tmpfile()) {
        require(file_ != nullptr, "Cannot keep standard input in a temporary file: ", std::strerror(errno));
        std::array<char, 1 << 16> part;
        size_t n = 0;
        while ((n = std::fread(part.data(), 1, part.size(), stdin)) > 0) {
            require(std::fwrite(part.data(), 1, n, file_) == n, "Cannot keep standard input in a temporary file: ",
                    std::strerror(errno));
        }
        require(std::ferror(stdin) == 0, "Cannot read standard input: ", std::strerror(errno));
        require(std::fflush(file_) == 0, "Cannot keep standard input in a temporary file: ", std::strerror(errno));
    }
    ~StandardInput() { std::fclose(file_); }
    StandardInput(const StandardInput&) = delete;
    StandardInput& operator=(const StandardInput&) = delete;

    std::string path() const { return concat("/dev/fd/", fileno(file_)); }

private:
    std::FILE* file_;
};

Table read_standard_input(CsvOptions csv) {
    static bool was_read = false;
    require<UsageError>(!std::exchange(was_read, true), "Standard input, -, can be read as one file only");
    const StandardInput input;
    csv.source_name = "standard input";
    return read_csv(input.path(), csv);
}

}  // namespace

void add_reading_options(CommandLine& line, ReadingOptions& reading) {
    const auto text = [](std::string& target, const char* option, const char* shown) {
        return po::value(&target)->value_name(shown)->notifier([option](const std::string& given) {
            require<UsageError>(!given.empty(), "Option --", option, " is empty");
        });
    };
    auto add = line.options.add_options();
    add("delimiter", text(reading.delimiter, "delimiter", "C"),
        "what stands between values: a character or several, tab, or whitespace for runs of blanks (default: a comma)");
    add("columns", list_option(reading.columns, "NAME,…"), "the column names of a file without a header");
    add("encoding", text(reading.encoding, "encoding", "NAME"), "utf-8 or latin-1 (default: utf-8)");
    add("missing", list_option(reading.missing, "WORD,…"),
        "the words that stand for a missing value, instead of NA, nan, null and others; '' for none but empty values");
    add("thousands", text(reading.thousands, "thousands", "C"),
        "the character that groups the digits of numbers: 1,200");
    add("decimal", text(reading.decimal, "decimal", "C"), "the decimal point of numbers (default: .)");
    add("strip", text(reading.strip, "strip", "CHARS"),
        "signs around numbers that are left out, as '$%'; with '()' (5) is -5");
}

CsvOptions csv_options(const ReadingOptions& reading, CsvOptions csv) {
    if (!reading.delimiter.empty()) csv.delimiter = delimiter_of(reading.delimiter);
    if (!reading.columns.empty()) csv.column_names = list_of(reading.columns);
    if (!reading.encoding.empty()) csv.encoding = reading.encoding;
    if (!reading.missing.empty()) csv.missing_values = list_of(reading.missing);
    if (!reading.thousands.empty()) csv.thousands = character_of(reading.thousands, "thousands");
    if (!reading.decimal.empty()) csv.decimal = character_of(reading.decimal, "decimal");
    csv.strip += reading.strip;
    return csv;
}

Table read_table(const ReadingOptions& reading, const std::string& file, const CsvOptions& csv) {
    if (file == "-") return read_standard_input(csv_options(reading, csv));
    require(!std::filesystem::is_directory(file), "Cannot read ", file,
            ": it is a folder, not a file; a folder of Parquet files is read with --stream");
    const std::string extension = extension_of(file);
    if (extension == ".parquet" || extension == ".pq" || begins_with(file, "PAR1\x15")) return read_parquet(file);
    if (extension == ".feather" || extension == ".arrow" || begins_with(file, {"ARROW1\0", 7})) {
        return read_feather(file);
    }
    return read_csv(file, csv_options(reading, csv));
}

}  // namespace embark::tools
