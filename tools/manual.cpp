#include "manual.h"

#include <iostream>
#include <map>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/version.h>

namespace embark::tools {

namespace {

/// Standard output of a command that is given these words; empty where it fails.
std::string output_of(const Command& command, const Arguments& words) {
    int ends[2];
    require(pipe(ends) == 0, "Cannot make a pipe");
    std::cout.flush();
    const pid_t child = fork();
    require(child >= 0, "Cannot start a process");
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        int code = kFailure;
        try {
            code = command.run(words);
            std::cout.flush();
        } catch (const std::exception&) {
            // Its parent sees the exit code.
        }
        _exit(code);
    }
    close(ends[1]);
    std::string json;
    char part[4096];
    for (ssize_t n = 0; (n = read(ends[0], part, sizeof part)) > 0;) json.append(part, static_cast<size_t>(n));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return status == 0 ? json : "";
}

std::string replaced(std::string text, const std::map<char, std::string>& replacements) {
    std::string result;
    for (const char c : text) {
        const auto found = replacements.find(c);
        result += found == replacements.end() ? std::string(1, c) : found->second;
    }
    return result;
}

/// The first words of the commands, and for each the second ones, with the summaries; none for a command of one word.
std::map<std::string, std::vector<DescribedCommand>> by_first_word(const std::vector<DescribedCommand>& commands) {
    std::map<std::string, std::vector<DescribedCommand>> words;
    for (DescribedCommand command : commands) {
        if (!command.mode.empty()) continue;
        const size_t space = command.name.find(' ');
        auto& group = words[command.name.substr(0, space)];
        if (space == std::string::npos) continue;
        command.name.erase(0, space + 1);
        group.push_back(command);
    }
    return words;
}

std::string words_of(const std::vector<DescribedCommand>& commands) {
    std::vector<std::string> names;
    for (const auto& command : commands) names.push_back(command.name);
    return join(names, " ");
}

/// The first clause of a text, in the quotes of zsh.
std::string zsh_text(const std::string& text) {
    return replaced(text.substr(0, text.find(';')), {{'\'', "'\\''"}, {'[', "\\["}, {']', "\\]"}, {':', "\\:"}});
}

std::string zsh_list(const std::vector<DescribedCommand>& commands) {
    std::string list;
    for (const auto& command : commands) list += " '" + command.name + ":" + zsh_text(command.summary) + "'";
    return list;
}

std::string roff(const std::string& text) {
    return replaced(text, {{'\\', "\\e"}, {'-', "\\-"}, {'\'', "\\(aq"}, {'.', "\\&."}});
}

/// What a shell's `case` takes for the command line's words, with a space behind the last.
std::string pattern_of(const DescribedCommand& command) {
    const std::string name = "\"" + command.name + " \"*";
    return command.mode.empty() ? name : name + "\"" + command.mode + " \"*";
}

}  // namespace

std::vector<DescribedCommand> describe_commands(const std::vector<Command>& commands) {
    std::vector<DescribedCommand> described;
    for (const Command& command : commands) {
        const auto add = [&](const std::string& mode, const Arguments& words) {
            const std::string json = output_of(command, words);
            if (!json.empty()) described.push_back({command.name, command.summary, help_from_json(json), mode});
        };
        for (const std::string& mode : command.modes) add(mode, {mode, "--help-json"});
        add("", {"--help-json"});
    }
    return described;
}

std::string bash_completion(const std::vector<DescribedCommand>& commands) {
    std::ostringstream script;
    std::vector<std::string> first_words;
    std::string second_words, options;
    for (const auto& [word, group] : by_first_word(commands)) {
        first_words.push_back(word);
        if (!group.empty()) second_words += "        2:" + word + ") words=\"" + words_of(group) + "\" ;;\n";
    }
    for (const auto& command : commands) {
        std::vector<std::string> names;
        for (const auto& option : command.help.options) names.push_back(option.name);
        options += "            " + pattern_of(command) + ") words=\"" + join(names, " ") + "\" ;;\n";
    }
    script << "# Completion of embark in bash: eval \"$(embark completion bash)\"\n"
              "_embark() {\n"
              "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
              "    case $COMP_CWORD:${COMP_WORDS[1]} in\n"
              "        1:*) words=\"" << join(first_words, " ") << "\" ;;\n"
           << second_words
           << "    esac\n"
              "    if [[ $word == -* ]]; then\n"
              "        case \"${COMP_WORDS[*]:1} \" in\n"
           << options
           << "        esac\n"
              "    fi\n"
              "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
              "}\n"
              "complete -o bashdefault -o default -F _embark embark\n";
    return script.str();
}

std::string zsh_completion(const std::vector<DescribedCommand>& commands) {
    std::ostringstream script;
    std::vector<DescribedCommand> first_words;
    std::string second_words, options;
    for (const auto& [word, group] : by_first_word(commands)) {
        first_words.push_back({word, words_of(group), {}});
        if (!group.empty()) second_words += "        3:" + word + ") found=(" + zsh_list(group) + ") ;;\n";
    }
    for (const auto& command : commands) {
        for (auto& word : first_words) {
            if (word.name == command.full_name()) word.summary = command.summary;
        }
        options += "        " + pattern_of(command) + ") _arguments";
        for (const auto& option : command.help.options) {
            const std::string value = option.value.empty() ? "" : concat(":", zsh_text(option.value), ":_files");
            options += concat(" '", option.name, "[", zsh_text(option.text), "]", value, "'");
        }
        options += " '*:file:_files' ;;\n";
    }
    script << "#compdef embark\n"
              "# Completion of embark in zsh: eval \"$(embark completion zsh)\", or this file as _embark in a folder of $fpath\n"
              "_embark() {\n"
              "    local -a found\n"
              "    case $CURRENT:$words[2] in\n"
              "        2:*) found=(" << zsh_list(first_words) << ") ;;\n"
           << second_words
           << "    esac\n"
              "    if (( $#found )); then _describe command found; return; fi\n"
              "    case \"$words[2,-1] \" in\n"
           << options
           << "    esac\n"
              "}\n"
              "if [[ $funcstack[1] == _embark ]]; then _embark \"$@\"; else compdef _embark embark; fi\n";
    return script.str();
}

std::string man_page(const std::vector<DescribedCommand>& commands) {
    std::ostringstream page;
    page << ".TH EMBARK 1 \"\" \"embark " EMBARK_VERSION "\"\n"
            ".SH NAME\nembark \\- train models of ratings and tables, export them, and ask the exported files\n"
            ".SH SYNOPSIS\n.B embark\n.I COMMAND\n[\\fIOPTIONS\\fR]\n"
            ".SH DESCRIPTION\nData go to standard output, progress to standard error.\n"
            ".SH COMMANDS\n";
    for (const auto& command : commands) {
        page << ".SS embark " << roff(command.full_name()) << "\n" << roff(command.summary) << "\n";
        if (command.help.options.empty()) continue;
        page << ".P\n" << roff(command.help.summary) << "\n.P\n\\fB" << roff(command.help.usage) << "\\fR\n";
        for (const auto& option : command.help.options) {
            page << ".TP\n\\fB" << roff(option.name) << "\\fR \\fI" << roff(option.value) << "\\fR\n" << roff(option.text)
                 << "\n";
        }
    }
    page << ".SH EXIT STATUS\n"
            ".TP\n0\ndone\n"
            ".TP\n1\nfailed: a missing file, bad data\n"
            ".TP\n2\nwrong usage\n"
            ".TP\n130, 143\nended by a signal\n"
            ".SH ENVIRONMENT\n.TP\nEMBARK_DATA\nthe folder with data sets, where \\-\\-data\\-dir names none\n";
    return page.str();
}

}  // namespace embark::tools
