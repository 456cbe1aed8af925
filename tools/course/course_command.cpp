#include <algorithm>
#include <chrono>
#include <iostream>

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <embark/core/error.h>
#include <embark/core/text.h>

#include "../command_line.h"
#include "../datasets.h"
#include "../training_options.h"
#include "against_fastai.h"
#include "course_command.h"
#include "registry.h"
#include "report.h"
#include "show.h"

// `embark course …`: the experiments of the course, rerun beside what its notes say.
namespace embark::tools {

namespace {

using course::Experiment;
using course::Outcome;

struct CourseOptions {
    std::vector<const Experiment*> experiments = {};
    course::Lab lab = {};
    int64_t seeds = 1, threads = 1;
    std::string report = {}, against = {};
    bool json = false;
};

std::vector<std::string> experiment_names() {
    std::vector<std::string> names;
    for (const Experiment* experiment : course::experiments()) names.push_back(experiment->name);
    return names;
}

const Experiment* experiment_of(const std::string& name) {
    for (const Experiment* experiment : course::experiments()) {
        if (experiment->name == name) return experiment;
    }
    fail<UsageError>("Unknown experiment '", name, "'", name_hint(name, experiment_names()),
                     "; `embark course list` says what each is");
}

/// One experiment with all its seeds. What goes wrong in it is part of the outcome.
Outcome run(const Experiment& experiment, const CourseOptions& options) {
    const auto started = std::chrono::steady_clock::now();
    Outcome outcome{.experiment = &experiment};
    try {
        std::vector<course::Result> results;
        for (int64_t i = 0; i < options.seeds; ++i) {
            course::Lab lab = options.lab;
            lab.seed += static_cast<uint64_t>(i);
            set_seed(lab.seed);
            results.push_back(experiment.run(lab));
        }
        outcome = course::outcome_of(experiment, results);
        outcome.seed = options.lab.seed;
        if (!options.against.empty() && course::fastai_runs(experiment)) {
            course::add_fastai(outcome, options.lab, options.threads);
        }
    } catch (const MissingDataset& error) {
        outcome.error = error.what();
        outcome.lacks_data = true;
    } catch (const c10::Error& error) {
        outcome.error = error.what_without_backtrace();
    } catch (const std::exception& error) {
        outcome.error = error.what();
    }
    outcome.seed = options.lab.seed;
    outcome.seeds = options.seeds;
    outcome.quick = options.lab.quick;
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return outcome;
}

CommandLine command_line(CourseOptions& options, int64_t& seed, std::string& data_dir) {
    CommandLine line("embark course run (NAME… | --all) [OPTIONS]",
                     "Reruns experiments of the course and shows their figures beside the notes'. `embark course list` "
                     "names them.");
    auto add = line.options.add_options();
    add("all", po::bool_switch(), "run every experiment");
    add("data-dir", text_option(data_dir, "DIR"), "the folder with data sets, as DIR/ml-100k");
    add("seed", count_option(seed), "of the split, the order and the initial weights");
    add("seeds", count_option(options.seeds), "run with so many seeds from there on; figures are mean ± deviation");
    add("threads", count_option(options.threads), "threads a tensor operation may use");
    add("quick", po::bool_switch(&options.lab.quick), "a small slice, only to see that everything runs: no verdicts");
    add("against", text_option(options.against, "fastai"),
        "run with fastai too what it can run, in its own environment (benchmarks/peers/setup-fastai), with the first "
        "seed");
    add("report", text_option(options.report, "DIR"),
        "write the page DIR/index.html with all tables, plots and code, anew after each experiment");
    add("json", po::bool_switch(&options.json), "print the results as one JSON object");
    return line;
}

void take(const CommandLine& line, Arguments words, CourseOptions& options, const int64_t& seed,
          const std::string& data_dir) {
    // Names come first or last: whatever stands before the first option.
    const auto first_option =
        std::find_if(words.begin(), words.end(), [](const std::string& word) { return word.starts_with("--"); });
    const std::vector<std::string> names(words.begin(), first_option);
    const auto values = line.parse({first_option, words.end()});
    const bool all = values["all"].as<bool>();
    require<UsageError>(all != !names.empty(), "Name the experiments to run, before the options, or give --all");
    for (const auto& name : names) options.experiments.push_back(experiment_of(name));
    if (all) options.experiments = course::experiments();
    require<UsageError>(options.seeds >= 1, "Invalid --seeds ", options.seeds, ": at least 1 is needed");
    require<UsageError>(options.threads >= 1, "Invalid --threads ", options.threads, ": at least 1 is needed");
    require<UsageError>(seed >= 0, "Invalid --seed ", seed, ": it must be at least 0");
    options.lab.seed = static_cast<uint64_t>(seed);
    options.lab.data_dir = data_dir;
    require<UsageError>(options.against.empty() || options.against == "fastai", "Invalid --against ", options.against,
                        ": the experiments can be run against fastai");
}

}  // namespace

int course_list(const Arguments& arguments) {
    CommandLine line("embark course list", "Lists the experiments of the course.");
    if (line.help_printed(arguments)) return kSuccess;
    line.parse(arguments);
    for (const Experiment* experiment : course::experiments()) {
        std::cout << fit_width(experiment->name, 24) << experiment->title << "\n";
    }
    return kSuccess;
}

int course_run(const Arguments& arguments) {
    CourseOptions options;
    int64_t seed = 42;
    std::string data_dir;
    const CommandLine line = command_line(options, seed, data_dir);
    if (line.help_printed(arguments)) return kSuccess;
    take(line, arguments, options, seed, data_dir);
    if (!options.against.empty()) course::require_fastai();
    if (!options.report.empty()) course::prepare_report(options.report);
    at::set_num_threads(static_cast<int>(options.threads));
    set_default_device(at::kCPU);  // where models as small take less time, and have the same figures on every machine

    std::vector<Outcome> outcomes;
    bool broken = false;
    for (const Experiment* experiment : options.experiments) {
        std::cerr << "-- " << experiment->name << "\n";
        outcomes.push_back(run(*experiment, options));
        broken = broken || !outcomes.back().error.empty();
        if (!options.json) course::show(std::cout, outcomes.back());
        std::cout.flush();
        // After each, so that a run that is stopped leaves the page of what ended.
        if (!options.report.empty()) course::write_report(options.report, outcomes, options.experiments.size());
    }
    if (options.json) {
        nlohmann::json all = nlohmann::json::array();
        for (const Outcome& outcome : outcomes) all.push_back(course::to_json(outcome));
        std::cout << nlohmann::json{{"experiments", all}}.dump(2) << "\n";
    } else if (outcomes.size() > 1) {
        course::show_verdicts(std::cout, outcomes);
    }
    return broken ? kFailure : kSuccess;
}

}  // namespace embark::tools
