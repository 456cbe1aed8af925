#include "recorder.h"

#include <cmath>
#include <limits>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../core/state_dict.h"
#include "../../optim/optimizer.h"
#include "../training_state.h"

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

}  // namespace

Recorder::Recorder(std::vector<Metric> metrics) : metrics_(std::move(metrics)) {}

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
    Records& records = state.records;
    const double loss = state.loss.item<double>();
    records.losses.push_back(loss);
    average_ = kBeta * average_ + (1 - kBeta) * loss;
    records.smooth_losses.push_back(average_ / (1 - std::pow(kBeta, static_cast<double>(records.losses.size()))));
    if (!state.optimizer) return;
    for (const auto& [name, value] : state.optimizer->groups().back().hyper) records.hypers[name].push_back(value);
}

void Recorder::after_epoch(TrainingState& state) {
    const auto& smooth = state.records.smooth_losses;
    state.records.epochs.push_back({.epoch = state.epoch,
                                    .train_loss = smooth.empty() ? kNotRecorded : smooth.back(),
                                    .valid_loss = valid_loss_,
                                    .metrics = metric_values_,
                                    .train_seconds = train_seconds_,
                                    .valid_seconds = valid_seconds_,
                                    .batches = static_cast<int64_t>(smooth.size())});
}

void Recorder::save_state(StateDict& to, const TrainingState& state) const {
    const Records& records = state.records;
    to.set("average", average_);
    to.set("train_seconds", state.training ? seconds_since(started_) : train_seconds_);
    to.set("losses", records.losses);
    to.set("smooth_losses", records.smooth_losses);
    for (const auto& [name, values] : records.hypers) to.set("hypers." + name, values);
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
    started_ =
        Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(train_seconds_));
    records.losses = from.get<std::vector<double>>("losses");
    records.smooth_losses = from.get<std::vector<double>>("smooth_losses");
    const StateDict hypers = from.part("hypers");
    for (const auto& [name, tensor] : hypers.content().tensors) {
        records.hypers[name] = hypers.get<std::vector<double>>(name);
    }
    records.epochs.resize(from.get<std::vector<double>>("batches").size());
    for (size_t row = 0; row < records.epochs.size(); ++row) records.epochs[row].epoch = static_cast<int64_t>(row);
    const auto for_column = [&](const std::string& name, auto take) {
        const auto values = from.get<std::vector<double>>(name);
        for (size_t row = 0; row < records.epochs.size(); ++row) take(records.epochs[row], values.at(row));
    };
    for (const auto& column : kColumns) {
        for_column(column.name, [&](EpochRow& row, double value) { row.*column.value = value; });
    }
    for (size_t i = 0; i < metrics_.size(); ++i) {
        for_column(concat("metric.", i), [](EpochRow& row, double value) { row.metrics.push_back(value); });
    }
    for_column("batches", [](EpochRow& row, double value) { row.batches = static_cast<int64_t>(value); });
}

}  // namespace embark
