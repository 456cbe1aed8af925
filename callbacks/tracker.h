#pragma once

#include <string>

#include "callback.h"
#include "reporting/records.h"

namespace embark {

/// Follows one recorded value ("train_loss", "valid_loss" or a metric) from epoch to epoch and knows its best, which
/// way is better being what the metric itself says. EarlyStopping, ReduceLROnPlateau and SaveModel are made of it.
class TrackerCallback : public Callback {
public:
    bool runs_in_lr_find() const override { return false; }
    /// Throws Error where nothing is recorded under the name to monitor, and lists what is; and where it would need a
    /// validation part that is not there.
    void before_fit(TrainingState& state) override;
    /// Compares the epoch's value with the best.
    void after_epoch(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    void load_state(const StateDict& from, TrainingState& state) override;

    /// Whether there is a best value yet: NaN and infinities are never one.
    bool has_best() const;
    /// The best value so far.
    double best() const { return best_; }
    /// The epoch of the best value; −1 where that was in an earlier fit.
    int64_t best_epoch() const { return best_epoch_; }

protected:
    /// An improvement is one by more than `min_delta`. `reset_on_fit`: a new fit forgets the best of the one before it.
    /// Throws UsageError for a negative min_delta.
    TrackerCallback(std::string monitor, double min_delta, bool reset_on_fit);

    /// The name of the value that is followed.
    const std::string& monitor() const { return monitor_; }
    /// What the constructor was told, for Callback::settings.
    std::string tracker_settings() const;
    /// Whether the last epoch's value was the best.
    bool new_best() const { return new_best_; }
    /// Epochs since the last improvement, since the fit began, or since this was set back.
    int64_t wait() const { return wait_; }
    /// Sets wait() back to 0.
    void reset_wait() { wait_ = 0; }

private:
    std::string monitor_;
    double min_delta_;
    bool reset_on_fit_;
    Direction direction_ = Direction::lower_is_better;
    double best_;
    int64_t best_epoch_ = -1;
    int64_t wait_ = 0;
    bool new_best_ = false;
};

}  // namespace embark
