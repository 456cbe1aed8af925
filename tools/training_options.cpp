#include "training_options.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>
#include <embark/distributed/strategy.h>
#include <embark/learners/onnx/export_onnx.h>
#include <embark/learners/onnx/onnx_file.h>

#include "datasets.h"

namespace embark::tools {

namespace {

namespace fs = std::filesystem;

void require_positive(int64_t value, const char* option) {
    require<UsageError>(value >= 1, "Invalid --", option, " ", value, ": at least 1 is needed");
}

/// Throws UsageError where an option would have `path` replace one of `inputs`, or the run's checkpoint.
void require_apart(const char* option, const std::string& path, const std::vector<std::string>& inputs,
                   const TrainingOptions& options) {
    if (path.empty()) return;
    std::error_code error;
    const fs::path to(path);
    for (const std::string& input : inputs) {
        if (input.empty()) continue;
        const bool is_same = fs::equivalent(to, input, error) && !error;
        const std::string folder = fs::canonical(input, error).string() + "/";
        const bool is_in_folder = fs::is_directory(input, error) && fs::exists(to, error) &&
                                  fs::canonical(to, error).string().starts_with(folder);
        require<UsageError>(!is_same && !is_in_folder, option, " ", path, " would replace ",
                            is_same ? "" : "a file of ", input, ", which this run reads; give it another name");
    }
    const fs::path dir = options.checkpoint().dir;
    if (dir.empty()) return;
    const fs::path file = fs::weakly_canonical(to, error);
    // Records of batches and sharded tables have files beside the checkpoint's own.
    const std::string name = file.filename().string();
    const bool is_checkpoint =
        file.parent_path() == fs::weakly_canonical(dir, error) &&
        (name.starts_with(checkpoint_path(dir).stem().string() + ".") || name.starts_with("batches."));
    require<UsageError>(!is_checkpoint, option, " ", path, " would replace the checkpoint in ", dir.string(),
                        "; give it another name");
}

void check(const TrainingOptions& options) {
    require<UsageError>(options.valid_pct > 0 && options.valid_pct < 1, "Invalid --valid-pct ", options.valid_pct,
                        ": it must be above 0 and below 1");
    require<UsageError>(options.epochs >= 0, "Invalid --epochs ", options.epochs, ": it must be at least 0");
    require<UsageError>(std::isfinite(options.lr) && options.lr > 0, "Invalid --lr ", options.lr,
                        ": it must be a number above 0");
    require<UsageError>(!options.weight_decay || (std::isfinite(*options.weight_decay) && *options.weight_decay >= 0),
                        "Invalid --wd ", options.weight_decay.value_or(0), ": it must be a number of at least 0");
    require_positive(options.batch_size, "batch-size");
    require_positive(options.threads, "threads");
    require_positive(options.shuffle_buffer, "shuffle-buffer");
    require<UsageError>(options.stream || !options.given("shuffle-buffer"), "--shuffle-buffer is for --stream");
    require<UsageError>(!options.stream || options.dataset.empty(), "--stream is for Parquet files, and --dataset ",
                        options.dataset, " is not one");
    require<UsageError>(options.seed >= 0, "Invalid --seed ", options.seed, ": it must be at least 0");
    require<UsageError>(
        options.resume_dir.empty() || options.checkpoint_dir.empty() || options.resume_dir == options.checkpoint_dir,
        "--resume ", options.resume_dir, " writes its checkpoints there too; leave out --checkpoint-dir ",
        options.checkpoint_dir);
    require<UsageError>(options.report_path.empty() || fs::path(options.report_path).extension() == ".html",
                        "Invalid --report ", options.report_path, ": its name must end with .html");
    for (const std::string& path : {options.export_path, options.report_path}) {
        if (!path.empty()) require_writable_path(path);
    }
}

}  // namespace

CheckpointOptions TrainingOptions::checkpoint() const {
    // torchrun starts all processes again where one of them failed.
    const char* restarts = std::getenv("TORCHELASTIC_RESTART_COUNT");
    const bool started_again = restarts != nullptr && std::string_view(restarts) != "0";
    return {.dir = resume_dir.empty() ? checkpoint_dir : resume_dir,
            .every = checkpoint_every,
            .resume = !resume_dir.empty() || started_again};
}

po::typed_value<std::string>* text_option(std::string& target, const char* shown) {
    return po::value(&target)->value_name(shown);
}

po::typed_value<int64_t>* count_option(int64_t& target) {
    return po::value(&target)->default_value(target)->value_name("N");
}

po::typed_value<double>* number_option(double& target, const char* shown_default) {
    return po::value(&target)->default_value(target, shown_default)->value_name("X");
}

void add_data_options(CommandLine& line, TrainingOptions& options, const std::vector<std::string>& datasets) {
    auto add = line.options.add_options();
    add("dataset", text_option(options.dataset, "NAME"), ("a data set known by name: " + join(datasets)).c_str());
    add("data-dir", text_option(options.data_dir, "DIR"),
        ("the folder with data sets, as DIR/" + datasets.front()).c_str());
    add_reading_options(line, options.reading);
    add("stream", po::bool_switch(&options.stream),
        "read a Parquet file, or all those in a folder, again in every epoch, for more than fits into memory");
    add("shuffle-buffer", count_option(options.shuffle_buffer),
        "with --stream: rows that are in memory at once to be mixed");
}

void add_valid_share(CommandLine& line, TrainingOptions& options) {
    line.options.add_options()("valid-pct", number_option(options.valid_pct, "0.2"),
                               "the share of rows for validation, drawn at random");
}

void add_training_options(CommandLine& line, TrainingOptions& options) {
    auto add = line.options.add_options();
    add("epochs", po::value(&options.epochs)->value_name("N"), "passes over the training rows, at most");
    add("lr", po::value(&options.lr)->value_name("X"), "the highest learning rate");
    add("wd", po::value<double>()->value_name("X"), "weight decay");
    add("batch-size", po::value(&options.batch_size)->value_name("N"), "rows a step");
    add("seed", count_option(options.seed), "of the split, the order and the initial weights");
    add("threads", count_option(options.threads),
        "threads a tensor operation may use; more than 1 pay in large batches only");
    add("device", text_option(options.device, "NAME"), "cpu, cuda or cuda:N (default: a CUDA device if there is one)");
    add("checkpoint-dir", text_option(options.checkpoint_dir, "DIR"),
        "write a checkpoint to this folder at each epoch's end, and when interrupted");
    add("checkpoint-every", po::value(&options.checkpoint_every)->value_name("N"), "and one after every N batches");
    add("resume", text_option(options.resume_dir, "DIR"),
        "go on from the checkpoint in this folder, with the same settings, and write further ones there; without one "
        "there, start afresh");
    add("export", text_option(options.export_path, "FILE"), "write the trained model to this file: as ONNX where its name ends with .onnx, else as TorchScript");
    add("report", text_option(options.report_path, "FILE.html"),
        "write a page about the training to this file: figures, columns, losses, what is predicted and how wrong, how "
        "to use the model");
    add("quiet", po::bool_switch(&options.quiet), "leave out what the columns are taken for");
    add("json", po::bool_switch(&options.json), "print the results as one JSON object");
}

void take_training_options(const po::variables_map& values, TrainingOptions& options) {
    if (!options.device.empty()) set_default_device(parse_device(options.device));
    options.given = [values](const char* option) { return values.count(option) > 0 && !values[option].defaulted(); };
    if (values.count("wd")) options.weight_decay = values["wd"].as<double>();
    if (values.count("checkpoint-every")) {
        require_positive(options.checkpoint_every, "checkpoint-every");
        require<UsageError>(!options.checkpoint().dir.empty(),
                            "--checkpoint-every needs a folder: give --checkpoint-dir or --resume");
    }
    check(options);
}

std::vector<std::string> export_model(const TrainingOptions& options, Learner& learn, const Validation& validation) {
    if (options.export_path.empty()) return {};
    ExportOptions settings;
    if (std::isfinite(validation.loss)) settings.metadata["validation loss"] = format_number(validation.loss);
    for (const auto& [name, value] : validation.metrics) settings.metadata["validation " + name] = format_number(value);
    if (!is_onnx(options.export_path)) {
        learn.export_torchscript(options.export_path, settings);
        return {options.export_path};
    }
    std::vector<std::string> files;
    for (const auto& path : learn.export_onnx(options.export_path, settings)) files.push_back(path.string());
    return files;
}

bool exports_onnx(const TrainingOptions& options) {
    return is_onnx(options.export_path);
}

void require_onnx_form(const Learner& untrained) {
    embark::require_onnx_form(untrained.model(), untrained.dls());
}

void add_exported(nlohmann::json& report, const std::vector<std::string>& files) {
    if (files.empty()) return;
    report["export"] = files.front();
    report["exports"] = files;
}

void require_outputs_apart(const TrainingOptions& options, std::vector<std::string> inputs) {
    if (options.export_path.empty() && options.report_path.empty()) return;
    const auto known = dataset_files(options.dataset, options.data_dir);
    inputs.insert(inputs.end(), known.begin(), known.end());
    require_apart("--export", options.export_path, inputs, options);
    require_apart("--report", options.report_path, inputs, options);
    std::error_code error;
    const bool is_same =
        !options.export_path.empty() && !options.report_path.empty() &&
        fs::weakly_canonical(options.export_path, error) == fs::weakly_canonical(options.report_path, error);
    require<UsageError>(!is_same, "--report ", options.report_path,
                        " would replace what --export writes; give it another name");
}

nlohmann::json figure(double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

nlohmann::json figures(const std::map<std::string, double>& values) {
    nlohmann::json result = nlohmann::json::object();
    for (const auto& [name, value] : values) result[name] = figure(value);
    return result;
}

nlohmann::json epochs_report(const Records& records) {
    auto epochs = nlohmann::json::array();
    for (const auto& row : records.epochs) {
        nlohmann::json epoch = {{"epoch", row.epoch},
                                {"train_loss", figure(row.train_loss)},
                                {"valid_loss", figure(row.valid_loss)},
                                {"seconds", row.train_seconds + row.valid_seconds},
                                {"train_seconds", row.train_seconds}};
        for (size_t i = 0; i < row.metrics.size(); ++i) {
            epoch["valid_" + records.metric_names.at(i)] = figure(row.metrics[i]);
        }
        epochs.push_back(std::move(epoch));
    }
    return epochs;
}

std::string shown_metric(const Validation& figures, const std::string& name) {
    const std::string value = format_number(figures.metrics.at(name));
    const auto reason = figures.undefined.find(name);
    return reason == figures.undefined.end() ? value : concat(value, " (", reason->second, ")");
}

void require_finite_loss(const Validation& final, const Records& records) {
    if (std::isfinite(final.loss)) return;
    const auto failed = std::find_if(records.epochs.begin(), records.epochs.end(),
                                     [](const EpochRow& row) { return !std::isfinite(row.valid_loss); });
    fail("Training failed: the validation loss is ", final.loss,
         failed == records.epochs.end() ? "" : concat(", first after epoch ", failed->epoch),
         "; nothing was exported. A smaller --lr often helps");
}

std::vector<Warning> training_warnings(const Records& records) {
    if (!records.epochs.empty()) return {};
    return {{"not_trained", "Nothing was trained in no epoch: the model has the weights that it was made with"}};
}

bool was_stopped(const SignalStop& signals, const Learner& learn) {
    // One process's signal ends all, also after the last batch.
    const bool stopped = signals.signal() != 0 || learn.stop_reason().starts_with("asked to stop");
    return Strategy::from_environment()->any(stopped);
}

int stopped_by(const SignalStop& signals, const TrainingOptions& options) {
    const auto dir = options.checkpoint().dir;
    if (!Strategy::from_environment()->is_main_process()) return signals.exit_code();
    std::cerr << "embark: stopped by a signal; nothing was exported"
              << (dir.empty() ? "" : concat("; go on with --resume ", dir.string())) << "\n";
    return signals.exit_code();
}

}  // namespace embark::tools
