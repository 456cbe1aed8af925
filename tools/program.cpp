#include "program.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <iterator>
#include <new>
#include <optional>
#include <streambuf>

#include <fcntl.h>
#include <unistd.h>

#include <arrow/util/config.h>
#include <c10/util/Exception.h>
#include <torch/version.h>

#include <embark/core/detail/printable.h>
#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/data/table/detail/format_rows.h>
#include <embark/version.h>

#include "manual.h"

namespace embark::tools {

namespace {

/// What every program has besides its commands.
const std::vector<DescribedCommand> kBuiltIn = {
    {"help", "this page; `embark help COMMAND` is `embark COMMAND --help`", {}},
    {"version", "the versions of Embark, LibTorch and Arrow", {}},
    {"completion bash", "a script for bash: eval \"$(embark completion bash)\"", {}},
    {"completion zsh", "a script for zsh: eval \"$(embark completion zsh)\"", {}},
    {"man", "the manual's page, for man: embark man | man -l -", {}}};

void print_overview(const std::vector<Command>& commands, std::ostream& out) {
    constexpr int64_t kNames = 17;
    out << "Usage: embark COMMAND [OPTIONS]\n\nCommands:\n";
    for (const auto& command : commands) out << "  " << fit_width(command.name, kNames) << command.summary << "\n";
    out << "\nBesides:\n";
    for (const auto& command : kBuiltIn) out << "  " << fit_width(command.name, kNames) << command.summary << "\n";
    out << "\n`embark COMMAND --help` says more of each. Data go to standard output, progress to standard error.\n";
}

bool asks_for_help(const std::string& word) {
    return word == "--help" || word == "-h";
}

/// Does what is built in where the words name it.
bool run_built_in(const std::vector<Command>& commands, const Arguments& words) {
    const std::string name = join(words, " ");
    const auto described = [&] {
        auto all = describe_commands(commands);
        all.insert(all.end(), kBuiltIn.begin(), kBuiltIn.end());
        return all;
    };
    if (name == "help" || asks_for_help(name)) {
        print_overview(commands, std::cout);
    } else if (name == "version" || name == "--version") {
        std::cout << "embark " EMBARK_VERSION "\nLibTorch " TORCH_VERSION "\nArrow " ARROW_VERSION_STRING "\n";
    } else if (name == "completion bash") {
        std::cout << bash_completion(described());
    } else if (name == "completion zsh") {
        std::cout << zsh_completion(described());
    } else if (name == "man") {
        std::cout << man_page(described());
    } else {
        return false;
    }
    return true;
}

/// Says what may have been meant by words that name no command.
[[noreturn]] void refuse(const Arguments& words, std::vector<std::string> names) {
    for (const auto& command : kBuiltIn) names.push_back(command.name);
    std::vector<std::string> with_first_word;
    std::copy_if(names.begin(), names.end(), std::back_inserter(with_first_word),
                 [&](const std::string& name) { return name.starts_with(words.front() + " "); });
    if (!with_first_word.empty() && (words.size() == 1 || words[1].starts_with("-"))) {
        fail<UsageError>("'embark ", words.front(), "' lacks a word: ", join(with_first_word, " or "));
    }
    std::string given = words.front();
    if (words.size() > 1 && !words[1].starts_with("-")) {
        const std::string both = given + " " + words[1];
        if (!with_first_word.empty() || !near_names(both, names).empty()) given = both;
    }
    fail<UsageError>("Unknown command '", given, "'", name_hint(given, names));
}

int run_command(const std::vector<Command>& commands, Arguments words) {
    if (words.empty()) {
        print_overview(commands, std::cerr);
        return kWrongUsage;
    }
    if (run_built_in(commands, words)) return kSuccess;
    if (words.front() == "help") {  // help COMMAND
        words.erase(words.begin());
        words.push_back("--help");
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
    std::vector<std::string> found;
    std::copy_if(names.begin(), names.end(), std::back_inserter(found),
                 [&](const std::string& name) { return name.starts_with(words.front() + " "); });
    if (!found.empty() && words.size() == 2 && asks_for_help(words[1])) {
        std::cout << "Usage: embark " << join(found, " [OPTIONS]\n       embark ") << " [OPTIONS]\n\n"
                  << "`embark " << join(found, " --help` and `embark ") << " --help` say more.\n";
        return kSuccess;
    }
    refuse(words, names);
}

/// Where the program was started without a standard stream, the next file would be opened in its place, and what is
/// printed written into that.
void occupy_standard_streams() {
    int descriptor = 0;
    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0) close(descriptor);
}

/// Lets no control characters through to `stream` as long as it lives.
class PrintableStream : std::streambuf {
public:
    explicit PrintableStream(std::ostream& stream) : stream_(stream), to_(stream.rdbuf(this)) {}
    ~PrintableStream() override { stream_.rdbuf(to_); }
    PrintableStream(const PrintableStream&) = delete;
    PrintableStream& operator=(const PrintableStream&) = delete;

private:
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        const std::string shown = printable({text, static_cast<size_t>(size)});
        return to_->sputn(shown.data(), std::ssize(shown)) == std::ssize(shown) ? size : 0;
    }
    int overflow(int c) override {
        const char one = static_cast<char>(c);
        return xsputn(&one, 1) == 1 ? c : traits_type::eof();
    }
    int sync() override { return to_->pubsync(); }

    std::ostream& stream_;
    std::streambuf* to_;
};

/// Says what a foreign library threw: Embark should have found what it is about, and have said it in its own words.
void report_fault(const std::string& message) {
    if (message.find("allocate memory") != message.npos) {  // LibTorch has no type of its own for it
        std::cerr << "embark: not enough memory\n";
        return;
    }
    std::cerr << "embark: this is a fault of Embark's; please report it as SECURITY.md says, with the command and this: "
              << one_line(message) << "\n";
}

}  // namespace

int run_program(const std::vector<Command>& commands, const Arguments& words) {
    occupy_standard_streams();
    const PrintableStream errors(std::cerr);
    std::optional<PrintableStream> output;
    if (isatty(STDOUT_FILENO) == 1) output.emplace(std::cout);  // else it is data
    try {
        const int code = run_command(commands, words);
        // Output that could not be written (a full disk, a closed pipe) is a failure too.
        if (!std::cout.flush()) fail("Cannot write to standard output");
        return code;
    } catch (const UsageError& error) {
        std::cerr << "embark: " << error.what() << "\n";
        return kWrongUsage;
    } catch (const Error& error) {
        std::cerr << "embark: " << error.what() << "\n";
    } catch (const std::bad_alloc&) {
        std::cerr << "embark: not enough memory\n";
    } catch (const c10::Error& error) {
        report_fault(error.what_without_backtrace());
    } catch (const std::exception& error) {
        report_fault(error.what());
    }
    return kFailure;
}

}  // namespace embark::tools
