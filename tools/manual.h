#pragma once

#include <string>
#include <vector>

#include "help.h"
#include "program.h"

namespace embark::tools {

/// A command with what its `--help` says. One that only names another command or a page has no options. `mode` is the
/// option that makes it this one: "--implicit".
struct DescribedCommand {
    std::string name, summary;
    CommandHelp help = {};
    std::string mode = {};

    /// "train collab --implicit"
    std::string full_name() const { return mode.empty() ? name : name + " " + mode; }
};

/// What each command, and each mode of it before the command itself, says of itself, asked by `--help-json` in a
/// process of its own; a command that cannot be run, as those of a program that was not built, is left out.
std::vector<DescribedCommand> describe_commands(const std::vector<Command>& commands);

/// A script that completes commands and options in bash, or in zsh; values are completed as names of files.
std::string bash_completion(const std::vector<DescribedCommand>& commands);
std::string zsh_completion(const std::vector<DescribedCommand>& commands);

/// The manual's page embark(1), in roff.
std::string man_page(const std::vector<DescribedCommand>& commands);

}  // namespace embark::tools
