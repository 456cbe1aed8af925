#include "help.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/text.h>

namespace embark::tools {

namespace {

constexpr size_t kWidest = 120, kNarrowest = 40, kUsual = 80;
constexpr size_t kWidestNames = 32;  // a longer name has its text below it

size_t terminal_width() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
    return std::clamp<size_t>(size.ws_col, kNarrowest, kWidest);
}

size_t columns(std::string_view text) {
    return static_cast<size_t>(display_width(text));
}

/// The words of `text` in lines of at most `width` columns, each but the first after `indent` spaces.
std::string wrap(std::string_view text, size_t width, size_t indent) {
    std::string wrapped, word;
    size_t used = 0;
    std::istringstream words{std::string(text)};
    while (words >> word) {
        const bool is_first = used == 0;
        if (!is_first && used + 1 + columns(word) > width) {
            wrapped += concat("\n", std::string(indent, ' '));
            used = 0;
        } else if (!is_first) {
            wrapped += ' ';
            ++used;
        }
        wrapped += word;
        used += columns(word);
    }
    return wrapped;
}

}  // namespace

CommandHelp help_of(const CommandLine& line) {
    CommandHelp help{line.usage, line.summary, {}};
    for (const auto& option : line.options.options()) {
        help.options.push_back({"--" + option->long_name(), option->format_parameter(), option->description()});
    }
    return help;
}

std::string help_text(const CommandHelp& help) {
    const size_t width = terminal_width();
    constexpr std::string_view kUsage = "Usage: ";
    std::ostringstream text;
    text << kUsage << wrap(help.usage, width - kUsage.size(), kUsage.size()) << "\n\n"
         << wrap(help.summary, width, 0) << "\n\nOptions:\n";
    std::vector<std::string> names;
    size_t widest = 0;
    for (const OptionHelp& option : help.options) {
        names.push_back("  " + option.name + (option.value.empty() ? "" : " " + option.value) + "  ");
        if (columns(names.back()) <= kWidestNames) widest = std::max(widest, columns(names.back()));
    }
    for (size_t i = 0; i < names.size(); ++i) {
        const bool fits = columns(names[i]) <= widest;
        text << (fits ? fit_width(names[i], static_cast<int64_t>(widest)) : names[i] + "\n" + std::string(widest, ' '))
             << wrap(help.options[i].text, width - widest, widest) << "\n";
    }
    return text.str();
}

std::string to_json(const CommandHelp& help) {
    nlohmann::json options = nlohmann::json::array();
    for (const OptionHelp& option : help.options) options.push_back({option.name, option.value, option.text});
    return nlohmann::json{{"usage", help.usage}, {"summary", help.summary}, {"options", options}}.dump();
}

CommandHelp help_from_json(const std::string& json) {
    const auto parsed = nlohmann::json::parse(json);
    CommandHelp help{parsed.at("usage"), parsed.at("summary"), {}};
    for (const auto& option : parsed.at("options")) help.options.push_back({option.at(0), option.at(1), option.at(2)});
    return help;
}

}  // namespace embark::tools
