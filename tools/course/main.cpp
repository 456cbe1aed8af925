#include "../program.h"
#include "course_command.h"

// `embark-course list` and `embark-course run`, which `embark course` runs.
int main(int argc, char** argv) {
    using namespace embark::tools;
    Arguments words(argv + 1, argv + argc);
    words.insert(words.begin(), "course");
    return run_program({{"course list", "the experiments of the course", course_list},
                        {"course run", "rerun experiments of the course, beside its notes", course_run}},
                       words);
}
