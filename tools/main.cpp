#include <cerrno>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include <embark/core/error.h>

#include "commands.h"
#include "program.h"

namespace embark::tools {
namespace {

/// The experiments are a program of their own beside this one, so that nobody compiles them who does not run them.
int run_course(const char* command, const Arguments& arguments) {
    const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "embark-course";
    require(std::filesystem::exists(program), "`embark course` is a program of its own, and ", program.string(),
            " was not built: `make course` builds and runs it, `cmake --build build --target bin/embark-course` only "
            "builds it");
    std::vector<char*> words = {const_cast<char*>(program.c_str()), const_cast<char*>(command)};
    for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execv(program.c_str(), words.data());
    fail("Cannot run ", program.string(), ": ", std::strerror(errno));
}

int course_list(const Arguments& arguments) {
    return run_course("list", arguments);
}

int course_run(const Arguments& arguments) {
    return run_course("run", arguments);
}

}  // namespace
}  // namespace embark::tools

int main(int argc, char** argv) {
    using namespace embark::tools;
    return run_program({{"train collab", "train a model of ratings, and export it", train_collab, {"--implicit"}},
                        {"train tabular", "train a model of a table, and export it", train_tabular},
                        {"describe", "what the columns of a table would be taken for", describe},
                        {"predict", "predict each row of a CSV file", predict},
                        {"recommend", "one user's best items", recommend, {"--users"}},
                        {"evaluate", "how well an exported model ranks items that users had later", evaluate},
                        {"similar", "the items most like one item", similar},
                        {"inspect", "what an exported model takes, gives and holds", inspect},
                        {"check", "which values of a table an exported model does not know", check},
                        {"convert", "write a model exported as TorchScript as ONNX", convert},
                        {"course list", "the experiments of the course", course_list},
                        {"course run", "rerun experiments of the course, beside its notes", course_run}},
                       {argv + 1, argv + argc});
}
