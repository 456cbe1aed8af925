#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include <embark/core/range.h>

namespace embark::tools {

namespace po = boost::program_options;

/// What ends a program, by the project's convention.
enum ExitCode : int { kSuccess = 0, kFailure = 1, kWrongUsage = 2 };

/// The words after the command's name.
using Arguments = std::vector<std::string>;

/// One command's options: what it is for, how it is called, and Boost's description of each option.
struct CommandLine {
    std::string usage;    // "embark recommend --model FILE --user ID [--top K]"
    std::string summary;  // one sentence
    po::options_description options{"Options"};

    /// `--help` is among the options of every command.
    CommandLine(std::string usage_, std::string summary_);

    /// Parses the command's words. Throws UsageError for an unknown option (names near ones), a word that belongs to
    /// none, a missing value or one of the wrong kind. Negative numbers are values, not options.
    po::variables_map parse(const Arguments& arguments) const;

    /// Whether the words ask for help; then it was printed to standard output: --help for people, --help-json for what
    /// makes completions and the manual of it.
    bool help_printed(const Arguments& arguments) const;
};

/// The value of an option that must be there. Throws UsageError where it is not.
std::string required_text(const po::variables_map& values, const std::string& option);

/// Two numbers, lower end first. Throws UsageError unless there are just two.
Range range_of(const std::vector<double>& numbers, const std::string& option);

/// "a,b,c" -> {"a", "b", "c"}.
std::vector<std::string> list_of(const std::string& text);

/// The words of an option that is a list, as they were given: `--cat a,b` or `--cat a --cat b`.
using ListWords = std::vector<std::string>;

/// An option that may be given more than once, for list_of.
po::typed_value<ListWords>* list_option(ListWords& target, const char* shown);

/// What they list: given once it is cut at commas, unless it is one of `names` as a whole; given more than once every
/// word is taken as it is, so that names with commas can be said: `--cat a --cat "b,c"`.
std::vector<std::string> list_of(const ListWords& words, const std::vector<std::string>& names = {});

}  // namespace embark::tools
