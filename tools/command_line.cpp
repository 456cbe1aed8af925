#include "command_line.h"

#include <algorithm>
#include <iostream>

#include <embark/core/error.h>
#include <embark/core/text.h>

#include "help.h"

namespace embark::tools {

namespace {

std::vector<std::string> option_names(const po::options_description& options) {
    std::vector<std::string> names;
    for (const auto& option : options.options()) names.push_back("--" + option->long_name());
    return names;
}

/// An empty path is what an unset variable of a shell script leaves: to go on without would drop what was asked for.
void refuse_empty_paths(const po::parsed_options& parsed, const po::options_description& options) {
    for (const auto& option : parsed.options) {
        const std::string parameter = options.find(option.string_key, /*approx=*/false).format_parameter();
        const bool is_path = parameter.starts_with("FILE") || parameter.starts_with("DIR");
        const bool is_empty =
            std::any_of(option.value.begin(), option.value.end(), [](const auto& word) { return word.empty(); });
        require<UsageError>(!is_path || !is_empty, "Option --", option.string_key, " is empty: it needs a ",
                            parameter.starts_with("DIR") ? "folder" : "file");
    }
}

}  // namespace

CommandLine::CommandLine(std::string usage_, std::string summary_)
    : usage(std::move(usage_)), summary(std::move(summary_)) {
    options.add_options()("help", "show this and end");
}

po::variables_map CommandLine::parse(const Arguments& arguments) const {
    // Without short options a value may begin with a minus sign: --y-range -5 -1. Guessing would make a mistyped
    // option into another one.
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_short &
                      ~po::command_line_style::allow_guessing;
    po::variables_map values;
    try {
        // A description of no positional options makes a stray word an error rather than nothing.
        const auto parsed = po::command_line_parser(arguments).options(options).positional({}).style(style).run();
        refuse_empty_paths(parsed, options);
        po::store(parsed, values);
        po::notify(values);
    } catch (const po::unknown_option& error) {
        const std::string name = error.get_option_name();
        fail<UsageError>("Unknown option ", name, name_hint(name, option_names(options)));
    } catch (const po::too_many_positional_options_error&) {
        fail<UsageError>("A word too many on the command line; options begin with --, see --help");
    } catch (const po::error& error) {
        fail<UsageError>("Wrong usage: ", error.what());
    }
    return values;
}

bool CommandLine::help_printed(const Arguments& arguments) const {
    const auto given = [&](const char* word) {
        return std::find(arguments.begin(), arguments.end(), word) != arguments.end();
    };
    const bool as_json = given("--help-json");
    if (!as_json && !given("--help") && !given("-h")) return false;
    std::cout << (as_json ? to_json(help_of(*this)) : help_text(help_of(*this)));
    return true;
}

std::string required_text(const po::variables_map& values, const std::string& option) {
    require<UsageError>(values.count(option) > 0, "Option --", option, " is missing");
    auto text = values[option].as<std::string>();
    require<UsageError>(!text.empty(), "Option --", option, " is empty");
    return text;
}

Range range_of(const std::vector<double>& numbers, const std::string& option) {
    require<UsageError>(numbers.size() == 2, "Option --", option,
                        " takes two numbers, the lower end and the upper end, not ", numbers.size());
    return {numbers[0], numbers[1]};
}

std::vector<std::string> list_of(const std::string& text) {
    std::vector<std::string> parts;
    size_t begin = 0;
    while (true) {
        const size_t comma = text.find(',', begin);
        parts.push_back(text.substr(begin, comma - begin));
        if (comma == std::string::npos) return parts;
        begin = comma + 1;
    }
}

po::typed_value<ListWords>* list_option(ListWords& target, const char* shown) {
    return po::value(&target)->value_name(shown);
}

std::vector<std::string> list_of(const ListWords& words, const std::vector<std::string>& names) {
    const bool whole = words.size() != 1 || std::find(names.begin(), names.end(), words.front()) != names.end();
    return whole ? words : list_of(words.front());
}

}  // namespace embark::tools
