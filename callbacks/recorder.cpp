#include "recorder.h"

#include <cmath>
#include <limits>

#include <torch/torch.h>

#include "../optim/optimizer.h"
#include "training_state.h"

namespace embark {

namespace {

/// fastai's AvgSmoothLoss: how much of the average the past keeps at each batch.
constexpr double kBeta = 0.98;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Recorder::Recorder(std::vector<Metric> metrics) : metrics_(std::move(metrics)) {}

void Recorder::before_fit(TrainingState& state) {
    state.records = {};
    for (const auto& metric : metrics_) state.records.metric_names.push_back(metric.name());
    average_ = 0;
}

void Recorder::before_epoch(TrainingState&) {
    train_seconds_ = valid_seconds_ = 0;
    valid_loss_ = kNone;
    metric_values_.assign(metrics_.size(), kNone);
}

void Recorder::before_train(TrainingState&) {
    started_ = Clock::now();
}

void Recorder::after_train(TrainingState&) {
    train_seconds_ = seconds_since(started_);
}

void Recorder::before_validate(TrainingState&) {
    started_ = Clock::now();
    valid_total_ = 0;
    valid_rows_ = 0;
    for (auto& metric : metrics_) metric.reset();
}

void Recorder::after_validate(TrainingState&) {
    valid_loss_ = valid_rows_ > 0 ? valid_total_ / static_cast<double>(valid_rows_) : kNone;
    metric_values_.clear();
    for (const auto& metric : metrics_) metric_values_.push_back(metric.value());
    valid_seconds_ = seconds_since(started_);
}

void Recorder::after_batch(TrainingState& state) {
    if (!state.loss.defined()) return;  // the batch was cancelled before there was one
    if (state.training) return record_training_batch(state);
    valid_total_ += state.loss.item<double>() * static_cast<double>(state.batch.size());
    valid_rows_ += state.batch.size();
    for (auto& metric : metrics_) metric.accumulate(state.predictions, state.batch.targets);
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
                                    .train_loss = smooth.empty() ? kNone : smooth.back(),
                                    .valid_loss = valid_loss_,
                                    .metrics = metric_values_,
                                    .train_seconds = train_seconds_,
                                    .valid_seconds = valid_seconds_,
                                    .batches = static_cast<int64_t>(smooth.size())});
}

}  // namespace embark
