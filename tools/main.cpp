#include <exception>
#include <iostream>
#include <new>

#include <c10/util/Exception.h>

#include <embark/core/error.h>
#include <embark/core/text.h>

#include "commands.h"

namespace embark::tools {
namespace {

struct Command {
    std::string name;  // of one word or two
    std::string summary;
    int (*run)(const Arguments&);
};

const std::vector<Command>& commands() {
    static const std::vector<Command> all = {
        {"train collab", "train a model of ratings, and export it", train_collab},
        {"train tabular", "train a model of a table, and export it", train_tabular},
        {"predict", "predict each row of a CSV file", predict},
        {"recommend", "one user's best items", recommend},
        {"similar", "the items most like one item", similar},
        {"inspect", "what an exported model takes, gives and holds", inspect}};
    return all;
}

void print_help(std::ostream& out) {
    out << "Usage: embark COMMAND [OPTIONS]\n\nCommands:\n";
    for (const auto& command : commands()) out << "  " << fit_width(command.name, 16) << command.summary << "\n";
    out << "\n`embark COMMAND --help` says more of each. Data go to standard output, progress to standard error.\n";
}

/// Runs the command that the first one or two words name.
int run(const Arguments& words) {
    if (words.empty()) {
        print_help(std::cerr);
        return kWrongUsage;
    }
    if (words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
        print_help(std::cout);
        return kSuccess;
    }
    if (words.front() == "--version") {
        std::cout << "embark " << EMBARK_VERSION << "\n";
        return kSuccess;
    }
    std::vector<std::string> names;
    for (const auto& command : commands()) {
        const auto length = command.name.find(' ') == std::string::npos ? 1U : 2U;
        names.push_back(command.name);
        if (words.size() < length) continue;
        const auto split = words.begin() + length;
        if (join({words.begin(), split}, " ") == command.name) return command.run({split, words.end()});
    }
    const bool asks_for_help = words.size() == 2 && (words[1] == "--help" || words[1] == "-h");
    if (words.front() == "train" && asks_for_help) {
        std::cout << "Usage: embark train collab [OPTIONS]\n       embark train tabular [OPTIONS]\n\n"
                     "`embark train collab --help` and `embark train tabular --help` say more.\n";
        return kSuccess;
    }
    const std::string given = words.front() == "train" && words.size() > 1 ? "train " + words[1] : words.front();
    fail<UsageError>("Unknown command '", given, "'", name_hint(given, names));
}

}  // namespace
}  // namespace embark::tools

int main(int argc, char** argv) {
    using namespace embark;
    try {
        const int code = tools::run({argv + 1, argv + argc});
        // Output that could not be written (a full disk, a closed pipe) is a failure too.
        if (!std::cout.flush()) fail("Cannot write to standard output");
        return code;
    } catch (const UsageError& error) {
        std::cerr << "embark: " << error.what() << "\n";
        return tools::kWrongUsage;
    } catch (const c10::Error& error) {
        std::cerr << "embark: " << error.what_without_backtrace() << "\n";
    } catch (const std::bad_alloc&) {
        std::cerr << "embark: not enough memory\n";
    } catch (const std::exception& error) {
        std::cerr << "embark: " << error.what() << "\n";
    }
    return tools::kFailure;
}
