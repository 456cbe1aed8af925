#include "recorder.h"

#include <cmath>
#include <limits>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../core/state_dict.h"
#include "../../optim/optimizer.h"
#include "../training_state.h"
#include "detail/batch_log.h"

namespace embark {

namespace {

/// fastai's AvgSmoothLoss: how much of the average the past keeps at each batch.
constexpr double kBeta = 0.98;

/// The figures of an epoch that are there whatever the metrics.
struct Column {
    const char* name;
    double EpochRow::*value;
};
constexpr Column kColumns[] = {{"train_loss", &EpochRow::train_loss},
                               {"valid_loss", &EpochRow::valid_loss},
                               {"train_seconds_of_epochs", &EpochRow::train_seconds},
                               {"valid_seconds_of_epochs", &EpochRow::valid_seconds}};

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Throws Error where the list under `name` has another length.
std::vector<double> saved_list(const StateDict& from, const std::string& name, size_t length) {
    auto values = from.get<std::vector<double>>(name);
    require(values.size() == length, "the saved '", name, "' has ", values.size(), " values, and ", length,
            " are needed");
    return values;
}

std::map<std::string, double> hyper_of(const TrainingState& state) {
    return state.optimizer ? state.optimizer->groups().back().hyper : std::map<std::string, double>();
}

/// What `records` has of batches, for other processes.
TensorFile batches_of(const Records& records) {
    StateDict batches;
    batches.set("losses", records.losses);
    batches.set("smooth_losses", records.smooth_losses);
    for (const auto& [name, values] : records.hypers) batches.set("hypers." + name, values);
    batches.set("n_batches", records.n_batches);
    batches.set("stride", records.stride);
    return batches.content();
}

/// The inverse.
void put_batches(const StateDict& batches, Records& records) {
    records.losses = batches.get<std::vector<double>>("losses");
    records.smooth_losses = batches.get<std::vector<double>>("smooth_losses");
    const StateDict hypers = batches.part("hypers");
    for (const auto& [name, tensor] : hypers.content().tensors) {
        records.hypers[name] = hypers.get<std::vector<double>>(name);
    }
    records.n_batches = batches.get<int64_t>("n_batches");
    records.stride = batches.get<int64_t>("stride");
}

}  // namespace

Recorder::Recorder(std::vector<Metric> metrics, std::shared_ptr<BatchLog> log)
    : metrics_(std::move(metrics)), log_(std::move(log)) {}

void Recorder::before_fit(TrainingState& state) {
    state.records = {};
    for (const auto& metric : metrics_) {
        state.records.metric_names.push_back(metric.name());
        state.records.metric_directions.push_back(metric.direction());
    }
    average_ = 0;
}

void Recorder::before_epoch(TrainingState&) {
    train_seconds_ = valid_seconds_ = 0;
    valid_loss_ = kNotRecorded;
    metric_values_.assign(metrics_.size(), kNotRecorded);
}

void Recorder::before_train(TrainingState&) {
    started_ = Clock::now();
}

void Recorder::after_train(TrainingState&) {
    train_seconds_ = seconds_since(started_);
}

void Recorder::before_validate(TrainingState&) {
    started_ = Clock::now();
    valid_total_ = valid_weight_ = 0;
    for (auto& metric : metrics_) metric.reset();
}

void Recorder::after_validate(TrainingState& state) {
    // Each process has seen whole batches of its own.
    valid_total_ = state.strategy->all_reduce(valid_total_);
    valid_weight_ = state.strategy->all_reduce(valid_weight_);
    for (auto& metric : metrics_) metric.gather(*state.strategy);
    valid_loss_ = valid_weight_ > 0 ? valid_total_ / valid_weight_ : kNotRecorded;
    metric_values_.clear();
    undefined_.clear();
    for (auto& metric : metrics_) {
        metric_values_.push_back(metric.value());
        if (std::isnan(metric_values_.back())) undefined_[metric.name()] = metric.undefined_because();
        metric.reset();  // the next epoch needs the memory of this one's predictions
    }
    valid_seconds_ = seconds_since(started_);
}

void Recorder::after_batch(TrainingState& state) {
    if (!state.loss.defined()) return;  // the batch was cancelled before there was one
    if (state.training) return record_training_batch(state);
    const double weight = state.batch.weight();
    valid_total_ += state.loss.item<double>() * weight;
    valid_weight_ += weight;
    for (auto& metric : metrics_) {
        metric.accumulate(state.predictions, metric.is_of_inputs() ? state.batch.inputs : state.batch.targets);
    }
}

void Recorder::record_training_batch(TrainingState& state) {
    const double loss = state.loss.item<double>();
    average_ = kBeta * average_ + (1 - kBeta) * loss;
    const auto n = static_cast<double>(state.records.n_batches + 1);
    add_batch(state, loss, average_ / (1 - std::pow(kBeta, n)), hyper_of(state));
}

void Recorder::add_batch(TrainingState& state, double loss, double smooth_loss,
                         const std::map<std::string, double>& hyper) {
    state.records.add_batch(loss, smooth_loss, hyper);
    if (!log_ || !state.is_main_process()) return;
    std::vector<double> row = {loss, smooth_loss};
    for (const auto& [name, value] : hyper) row.push_back(value);
    log_->add(row);
}

void Recorder::after_epoch(TrainingState& state) {
    const auto& smooth = state.records.smooth_losses;
    state.records.epochs.push_back({.epoch = state.epoch,
                                    .train_loss = smooth.empty() ? kNotRecorded : smooth.back(),
                                    .valid_loss = valid_loss_,
                                    .metrics = metric_values_,
                                    .train_seconds = train_seconds_,
                                    .valid_seconds = valid_seconds_,
                                    .batches = state.records.n_batches});
}

void Recorder::save_state(StateDict& to, const TrainingState& state) const {
    const Records& records = state.records;
    to.set("average", average_);
    to.set("train_seconds", state.training ? seconds_since(started_) : train_seconds_);
    to.set("n_batches", records.n_batches);
    const auto [number, values, checksum] = log_ ? log_->mark() : BatchLog::Mark();
    to.set("log.number", number);
    to.set("log.values", values);
    to.set("log.checksum", checksum);
    const auto set_column = [&](const std::string& name, auto value_of) {
        std::vector<double> values;
        for (const auto& row : records.epochs) values.push_back(static_cast<double>(value_of(row)));
        to.set(name, values);
    };
    for (const auto& column : kColumns) set_column(column.name, [&](const auto& row) { return row.*column.value; });
    for (size_t i = 0; i < metrics_.size(); ++i) {
        set_column(concat("metric.", i), [i](const auto& row) { return row.metrics[i]; });
    }
    set_column("batches", [](const auto& row) { return row.batches; });
}

void Recorder::load_state(const StateDict& from, TrainingState& state) {
    // The epoch's begin, where these are set, may lie before the checkpoint.
    valid_loss_ = kNotRecorded;
    metric_values_.assign(metrics_.size(), kNotRecorded);
    Records& records = state.records;
    average_ = from.get<double>("average");
    train_seconds_ = from.get<double>("train_seconds");
    constexpr double kLongest = 1e9;
    require(train_seconds_ >= 0 && train_seconds_ < kLongest, "the saved 'train_seconds' is ", train_seconds_);
    started_ =
        Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(train_seconds_));
    load_batches(from, state);
    load_epochs(from, records);
}

/// Up to version 0.1 a checkpoint had all of them in itself.
void Recorder::load_old_batches(const StateDict& from, TrainingState& state) {
    const auto losses = from.get<std::vector<double>>("losses");
    const auto smooth_losses = saved_list(from, "smooth_losses", losses.size());
    const StateDict hypers = from.part("hypers");
    std::map<std::string, std::vector<double>> lists;
    for (const auto& [name, tensor] : hypers.content().tensors) lists[name] = saved_list(hypers, name, losses.size());
    for (size_t i = 0; i < losses.size(); ++i) {
        std::map<std::string, double> hyper;
        for (const auto& [name, values] : lists) hyper[name] = values[i];
        add_batch(state, losses[i], smooth_losses[i], hyper);
    }
}

void Recorder::load_batches(const StateDict& from, TrainingState& state) {
    if (!from.has("log.number")) return load_old_batches(from, state);
    const BatchLog::Mark mark{.number = from.get_integer("log.number", 0),
                              .values = from.get_integer("log.values", 0),
                              .checksum = from.get<std::string>("log.checksum")};
    const auto read = [&] {
        Records kept;
        auto hyper = hyper_of(state);
        const auto add = [&](std::span<const double> row) {
            size_t i = 2;
            for (auto& [name, value] : hyper) value = row[i++];
            kept.add_batch(row[0], row[1], hyper);
        };
        if (log_) log_->resume(mark, 2 + hyper.size(), add);
        return batches_of(kept);
    };
    // The file is the main process's; the others have the same records.
    put_batches(StateDict(state.strategy->read_by_main_process(read)), state.records);
    const int64_t n = from.get_integer("n_batches", 0);
    if (!log_) state.records.n_batches = n;
    require(n == state.records.n_batches, "the saved 'n_batches' is ", n, ", and its file has ",
            state.records.n_batches);
}

void Recorder::load_epochs(const StateDict& from, Records& records) const {
    const auto batches = from.get<std::vector<double>>("batches");
    const auto column = [&](const std::string& name) { return saved_list(from, name, batches.size()); };
    records.epochs.resize(batches.size());
    for (size_t row = 0; row < batches.size(); ++row) {
        const double before = row == 0 ? 0 : batches[row - 1], all = static_cast<double>(records.n_batches);
        require(batches[row] >= before && batches[row] <= all && batches[row] == std::floor(batches[row]),
                "the saved 'batches' has ", batches[row], " after ", before, " of ", all);
        records.epochs[row] = {.epoch = static_cast<int64_t>(row), .batches = static_cast<int64_t>(batches[row])};
    }
    for (const auto& [name, value] : kColumns) {
        const auto values = column(name);
        for (size_t row = 0; row < values.size(); ++row) records.epochs[row].*value = values[row];
    }
    for (size_t i = 0; i < metrics_.size(); ++i) {
        const auto values = column(concat("metric.", i));
        for (size_t row = 0; row < values.size(); ++row) records.epochs[row].metrics.push_back(values[row]);
    }
}

}  // namespace embark
