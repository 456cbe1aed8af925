#include "program.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <iterator>
#include <new>

#include <c10/util/Exception.h>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/version.h>

namespace embark::tools {

namespace {

void print_help(const std::vector<Command>& commands, std::ostream& out) {
    out << "Usage: embark COMMAND [OPTIONS]\n\nCommands:\n";
    for (const auto& command : commands) out << "  " << fit_width(command.name, 16) << command.summary << "\n";
    out << "\n`embark COMMAND --help` says more of each. Data go to standard output, progress to standard error.\n";
}

int run_command(const std::vector<Command>& commands, const Arguments& words) {
    if (words.empty()) {
        print_help(commands, std::cerr);
        return kWrongUsage;
    }
    if (words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
        print_help(commands, std::cout);
        return kSuccess;
    }
    if (words.front() == "--version") {
        std::cout << "embark " << EMBARK_VERSION << "\n";
        return kSuccess;
    }
    std::vector<std::string> names;
    for (const auto& command : commands) {
        const auto length = command.name.find(' ') == std::string::npos ? 1U : 2U;
        names.push_back(command.name);
        if (words.size() < length) continue;
        const auto split = words.begin() + length;
        if (join({words.begin(), split}, " ") == command.name) return command.run({split, words.end()});
    }
    // Of a command of two words, the first alone.
    const auto has_second = [&](const std::string& name) { return name.starts_with(words.front() + " "); };
    const bool is_first_word = std::any_of(names.begin(), names.end(), has_second);
    if (is_first_word && words.size() == 2 && (words[1] == "--help" || words[1] == "-h")) {
        std::vector<std::string> found;
        std::copy_if(names.begin(), names.end(), std::back_inserter(found), has_second);
        std::cout << "Usage: embark " << join(found, " [OPTIONS]\n       embark ") << " [OPTIONS]\n\n"
                  << "`embark " << join(found, " --help` and `embark ") << " --help` say more.\n";
        return kSuccess;
    }
    const std::string given = is_first_word && words.size() > 1 ? words[0] + " " + words[1] : words.front();
    fail<UsageError>("Unknown command '", given, "'", name_hint(given, names));
}

}  // namespace

int run_program(const std::vector<Command>& commands, const Arguments& words) {
    try {
        const int code = run_command(commands, words);
        // Output that could not be written (a full disk, a closed pipe) is a failure too.
        if (!std::cout.flush()) fail("Cannot write to standard output");
        return code;
    } catch (const UsageError& error) {
        std::cerr << "embark: " << error.what() << "\n";
        return kWrongUsage;
    } catch (const c10::Error& error) {
        std::cerr << "embark: " << error.what_without_backtrace() << "\n";
    } catch (const std::bad_alloc&) {
        std::cerr << "embark: not enough memory\n";
    } catch (const std::exception& error) {
        std::cerr << "embark: " << error.what() << "\n";
    }
    return kFailure;
}

}  // namespace embark::tools
