#pragma once

#include <memory>

#include "tracker.h"

namespace embark {

/// Settings of ReduceLROnPlateau; fastai's defaults.
struct ReduceLROnPlateauOptions {
    /// "train_loss", "valid_loss" or a metric's name.
    std::string monitor = "valid_loss";
    /// What counts as an improvement is one by more than this.
    double min_delta = 0;
    /// Epochs without an improvement after which the rate is reduced.
    int64_t patience = 1;
    /// What the rate is divided by.
    double factor = 10;
    /// No rate is reduced to less.
    double min_lr = 0;
    /// Forget the best value when a new fit begins.
    bool reset_on_fit = true;
};

/// Divides every parameter group's own learning rate once the monitored value has stopped improving, and again after as
/// many epochs more. For fits at a constant rate: fit().
class ReduceLROnPlateau : public TrackerCallback {
public:
    /// Throws UsageError for a patience below 1, a factor that is not above 1, a negative min_lr or min_delta.
    explicit ReduceLROnPlateau(ReduceLROnPlateauOptions options = {});
    int order() const override { return 62; }
    std::string name() const override { return "reduce_lr_on_plateau"; }
    std::string settings() const override;

    /// Throws UsageError where a schedule sets the learning rate: what was reduced would be set anew at the next batch.
    void before_fit(TrainingState& state) override;
    void after_epoch(TrainingState& state) override;

private:
    int64_t patience_;
    double factor_, min_lr_;
};

/// A ReduceLROnPlateau, as something to give a Learner.
std::shared_ptr<ReduceLROnPlateau> reduce_lr_on_plateau(ReduceLROnPlateauOptions options = {});

}  // namespace embark
