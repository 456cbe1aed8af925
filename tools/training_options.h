#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <embark/callbacks/checkpoint/checkpoint_options.h>
#include <embark/core/warning.h>
#include <embark/data/loaders/stream_options.h>
#include <embark/learners/learner.h>

#include "command_line.h"
#include "read_table.h"
#include "signals.h"

namespace embark::tools {

/// What every command that trains has: where the data are, how long and how fast to train, what to leave behind.
struct TrainingOptions {
    std::string dataset, data_dir, export_path, report_path, checkpoint_dir, resume_dir, device;
    ReadingOptions reading;
    double valid_pct = 0.2;
    int64_t epochs = 5;
    double lr = 1e-3;  // like epochs it is the preset's unless it is given
    std::optional<double> weight_decay;
    int64_t batch_size = 64;
    int64_t seed = 42;
    int64_t threads = 1;  // batches are small, and threads that wait for one another spin
    int64_t checkpoint_every = 0;
    /// Parquet files are read again in every epoch rather than kept in memory.
    bool stream = false;
    int64_t shuffle_buffer = StreamOptions().shuffle_buffer;
    bool json = false;
    /// Without the table of what the columns are taken for.
    bool quiet = false;
    /// Which of the options that have a default were given by name.
    std::function<bool(const char* option)> given = [](const char*) { return false; };

    CheckpointOptions checkpoint() const;
    StreamOptions streaming() const { return {.shuffle_buffer = shuffle_buffer}; }
};

/// Options of these kinds, with the value that the target has as default.
po::typed_value<std::string>* text_option(std::string& target, const char* shown = "TEXT");
po::typed_value<int64_t>* count_option(int64_t& target);
po::typed_value<double>* number_option(double& target, const char* shown_default);

/// Options for the data, before those that a command has of its own: `datasets` are known by name.
void add_data_options(CommandLine& line, TrainingOptions& options, const std::vector<std::string>& datasets);
/// How many rows are for validation, where a share of all is.
void add_valid_share(CommandLine& line, TrainingOptions& options);
/// Options for the training itself, after them. A preset has defaults of its own of how long and how fast to train.
void add_training_options(CommandLine& line, TrainingOptions& options);

/// Takes over from `values` what boost cannot store itself, and throws UsageError for what is known to be wrong before
/// anything is read.
void take_training_options(const po::variables_map& values, TrainingOptions& options);

/// Writes the model as --export says, as ONNX where its name ends with .onnx, else as TorchScript, and returns the
/// files; none where none is asked for. The files say what `validation` found.
std::vector<std::string> export_model(const TrainingOptions& options, Learner& learn, const Validation& validation);

/// Whether --export asks for an ONNX file.
bool exports_onnx(const TrainingOptions& options);
/// Throws Error where a model as `untrained` cannot be one. It may draw random numbers.
void require_onnx_form(const Learner& untrained);

/// Adds these files to a report: the first as `export`, all as `exports`.
void add_exported(nlohmann::json& report, const std::vector<std::string>& files);

/// Throws UsageError where --export or --report would replace one of `inputs` or of the data set's files, which the run
/// reads, however its path is spelled, its checkpoint, or one another. Empty names are none.
void require_outputs_apart(const TrainingOptions& options, std::vector<std::string> inputs);

/// JSON has no NaN; a figure that is missing is null.
nlohmann::json figure(double value);
/// Figures by name.
nlohmann::json figures(const std::map<std::string, double>& values);

/// A row for each epoch of a fit: losses, metrics as `valid_NAME`, seconds.
nlohmann::json epochs_report(const Records& records);

/// "0.8713", or "nan (there are 20 rows, all of one class)" for a metric that is not defined.
std::string shown_metric(const Validation& figures, const std::string& name);

/// Throws Error where the trained model has a loss on the validation rows that is no number: nothing is exported then.
void require_finite_loss(const Validation& final, const Records& records);

/// What is to be said of a training that had no epoch.
std::vector<Warning> training_warnings(const Records& records);

/// Whether the training of `learn` was ended by a signal, to this process or to one that trains together with it.
bool was_stopped(const SignalStop& signals, const Learner& learn);
/// Says on standard error that a signal ended the training and how to go on; the exit code.
int stopped_by(const SignalStop& signals, const TrainingOptions& options);

}  // namespace embark::tools
