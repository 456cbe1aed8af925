#pragma once

#include <string>
#include <vector>

#include "command_line.h"

namespace embark::tools {

/// One command of a program: a name of one word or two, what help says of it, and what it does with the words after
/// its name. It returns the program's exit code; errors are thrown.
struct Command {
    std::string name;
    std::string summary;
    int (*run)(const Arguments&);
    /// Options that make another command of it, with a help of its own: --implicit.
    std::vector<std::string> modes = {};
};

/// Runs the command that the first one or two `words` name, or prints help or the version. Prints what a command throws
/// as one line on standard error, and returns the exit code: 0 done, 1 failed, 2 wrong usage.
int run_program(const std::vector<Command>& commands, const Arguments& words);

}  // namespace embark::tools
