#include "against_fastai.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include <embark/core/error.h>

#include "../datasets.h"

namespace embark::course {

namespace {

namespace fs = std::filesystem;

const fs::path kCheckout = EMBARK_SOURCE_DIR;

fs::path python() {
    if (const char* given = std::getenv("EMBARK_FASTAI_PYTHON"); given && *given) return given;
    return kCheckout / "build" / "fastai-venv" / "bin" / "python";
}

fs::path script() {
    return kCheckout / "benchmarks" / "peers" / "fastai_course.py";
}

/// `word` as the shell takes it for one word, whatever is in it.
std::string quoted(const std::string& word) {
    std::string result = "'";
    for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

/// What a program prints. Throws Error where it fails; what it says of that went to standard error.
std::string output_of(const std::vector<std::string>& words) {
    std::string command;
    for (const std::string& word : words) command += quoted(word) + " ";
    FILE* pipe = popen(command.c_str(), "r");
    require(pipe != nullptr, "Cannot run ", words.front());
    std::string text;
    std::array<char, 4096> part{};
    while (const size_t n = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), n);
    require(pclose(pipe) == 0, "fastai could not run ", words[2], "; it says why above");
    return text;
}

}  // namespace

bool fastai_runs(const Experiment& experiment) {
    static const std::vector<std::string> names = {"dot-product",      "lr-find",      "dot-product-range",
                                                   "dot-product-bias", "weight-decay", "collab-nn",
                                                   "collab-learner",   "embedding-nn", "adult"};
    return std::find(names.begin(), names.end(), experiment.name) != names.end();
}

void require_fastai() {
    require(
        fs::exists(python()) && fs::exists(script()), "fastai's environment is not there: ", python().string(),
        " is missing; benchmarks/peers/setup-fastai makes it, or EMBARK_FASTAI_PYTHON names a Python that has fastai");
}

void add_fastai(Outcome& outcome, const Lab& lab, int64_t threads) {
    const Experiment& experiment = *outcome.experiment;
    const bool tabular = experiment.name == "adult";
    const fs::path data =
        tools::dataset_folder(tabular ? "adult" : "ml-100k", tabular ? "adult.data" : "u.data", lab.data_dir);
    const std::string answer = output_of({python(), script(), experiment.name, "--data", data.parent_path(), "--seed",
                                          std::to_string(outcome.seed), "--threads", std::to_string(threads)});
    const auto columns = nlohmann::json::parse(answer).at("columns");
    for (FigureColumn& column : outcome.grids.front().columns) {
        if (columns.contains(column.name)) column.peer = columns.at(column.name).get<std::vector<double>>();
    }
}

}  // namespace embark::course
