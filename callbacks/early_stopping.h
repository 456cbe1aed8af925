#pragma once

#include <memory>
#include <optional>

#include "../optim/model_state.h"
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
    /// Put the model of the best epoch back when the fit ends, also where it ends in time. It is kept in memory;
    /// SaveModel keeps it in a file.
    bool restore_best = false;
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
    std::string settings() const override;

    void before_fit(TrainingState& state) override;
    void after_epoch(TrainingState& state) override;
    void after_fit(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    void load_state(const StateDict& from, TrainingState& state) override;

private:
    std::string reason() const;
    int64_t patience_;
    bool restore_best_;
    std::optional<ModelState> best_model_;
};

/// An EarlyStopping, as something to give a Learner.
std::shared_ptr<EarlyStopping> early_stopping(EarlyStoppingOptions options = {});

}  // namespace embark
