#pragma once

#include <string>
#include <vector>

#include "command_line.h"

namespace embark::tools {

/// One option as help shows it: "--top", "K (=10)", "how many results". A switch has no value.
struct OptionHelp {
    std::string name, value, text;
};

/// What is said of a command: by `--help`, by completions and in the manual.
struct CommandHelp {
    std::string usage, summary;
    std::vector<OptionHelp> options;
};

CommandHelp help_of(const CommandLine& line);

/// The help as `--help` prints it: the options' texts in one column, as wide as the terminal, at most 120 columns; 80 where
/// standard output is not one.
std::string help_text(const CommandHelp& help);

/// The help as one line of JSON, which `--help-json` prints, and that line read.
std::string to_json(const CommandHelp& help);
CommandHelp help_from_json(const std::string& json);

}  // namespace embark::tools
