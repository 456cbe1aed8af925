#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../metrics/metrics.h"
#include "../callback.h"

namespace embark {

class BatchLog;

/// Writes down every training batch's loss and hyper-parameters and every epoch's row, in TrainingState::records. A
/// Learner has one of its own in every fit.
class Recorder : public Callback {
public:
    /// `log` keeps what was recorded of batches for checkpoints, whose own content does not grow with them.
    explicit Recorder(std::vector<Metric> metrics = {}, std::shared_ptr<BatchLog> log = nullptr);
    int order() const override { return 50; }
    std::string name() const override { return "recorder"; }

    void before_fit(TrainingState& state) override;
    void before_epoch(TrainingState& state) override;
    void before_train(TrainingState& state) override;
    void after_train(TrainingState& state) override;
    void before_validate(TrainingState& state) override;
    void after_validate(TrainingState& state) override;
    void after_batch(TrainingState& state) override;
    void after_epoch(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    void load_state(const StateDict& from, TrainingState& state) override;

    /// Mean loss over the last validation, NaN where there was none.
    double valid_loss() const { return valid_loss_; }
    /// The metrics' values over the last validation, in the order of metrics(); NaN where there was none.
    const std::vector<double>& metric_values() const { return metric_values_; }
    /// The metrics that are recorded, in the order they were given.
    const std::vector<Metric>& metrics() const { return metrics_; }
    /// Why metrics of the last validation are NaN, by name, those that are.
    const std::map<std::string, std::string>& undefined() const { return undefined_; }

private:
    void record_training_batch(TrainingState& state);
    void add_batch(TrainingState& state, double loss, double smooth_loss, const std::map<std::string, double>& hyper);
    void load_batches(const StateDict& from, TrainingState& state);
    void load_old_batches(const StateDict& from, TrainingState& state);
    void load_epochs(const StateDict& from, Records& records) const;
    using Clock = std::chrono::steady_clock;
    std::vector<Metric> metrics_;
    std::shared_ptr<BatchLog> log_;
    double average_ = 0;                         // of losses, before bias correction
    double valid_total_ = 0, valid_weight_ = 0;  // of the losses of validation batches, and of their rows
    double valid_loss_ = 0;
    std::vector<double> metric_values_;
    std::map<std::string, std::string> undefined_;
    Clock::time_point started_{};
    double train_seconds_ = 0, valid_seconds_ = 0;
};

}  // namespace embark
