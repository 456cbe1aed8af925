#include <algorithm>
#include <exception>
#include <iostream>
#include <iterator>
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
        {"inspect", "what an exported model takes, gives and holds", inspect},
        {"course list", "the experiments of the course", course_list},
        {"course run", "rerun experiments of the course, beside its notes", course_run}};
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
