#pragma once

#include "tracker.h"

namespace embark {

/// Settings of EarlyStopping; fastai's defaults.
struct EarlyStoppingOptions {
    /// "train_loss", "valid_loss" or a metric's name.
    std::string monitor = "valid_loss";
    /// What counts as an improvement is one by more than this.
    double min_delta = 0;
    /// Epochs without an improvement after which the fit ends.
    int64_t patience = 1;
    /// Forget the best value when a new fit begins.
    bool reset_on_fit = true;
};

/// Ends the fit once the monitored value has stopped improving; the reason says since when (fastai's
/// EarlyStoppingCallback).
class EarlyStopping : public TrackerCallback {
public:
    /// Throws UsageError for a patience below 1 or a negative min_delta.
    explicit EarlyStopping(EarlyStoppingOptions options = {});
    int order() const override { return 63; }
    std::string name() const override { return "early_stopping"; }

    void after_epoch(TrainingState& state) override;

private:
    std::string reason() const;
    int64_t patience_;
};

}  // namespace embark
