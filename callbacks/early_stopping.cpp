#include "early_stopping.h"

#include "../core/error.h"
#include "../core/state_dict.h"
#include "training_state.h"

namespace embark {

EarlyStopping::EarlyStopping(EarlyStoppingOptions options)
    : TrackerCallback(std::move(options.monitor), options.min_delta, options.reset_on_fit),
      patience_(options.patience),
      restore_best_(options.restore_best) {
    require<UsageError>(patience_ >= 1, "Invalid patience ", patience_, ": at least 1 epoch is needed");
}

std::string EarlyStopping::settings() const {
    return concat(tracker_settings(), ", patience ", patience_, restore_best_ ? ", restore_best" : "");
}

void EarlyStopping::before_fit(TrainingState& state) {
    TrackerCallback::before_fit(state);
    best_model_.reset();
}

void EarlyStopping::after_epoch(TrainingState& state) {
    TrackerCallback::after_epoch(state);
    if (restore_best_ && new_best()) best_model_.emplace(*state.model);
    if (wait() >= patience_) state.cancel(Level::fit, reason());
}

void EarlyStopping::after_fit(TrainingState& state) {
    if (best_model_) best_model_->restore_weights(*state.model, *state.optimizer);
}

void EarlyStopping::save_state(StateDict& to, const TrainingState& state) const {
    TrackerCallback::save_state(to, state);
    if (best_model_) to.set("best_model", StateDict(best_model_->content()));
}

void EarlyStopping::load_state(const StateDict& from, TrainingState& state) {
    TrackerCallback::load_state(from, state);
    const StateDict best = from.part("best_model");
    if (best.empty()) return;
    best_model_.emplace(best.content(), "the saved best model");
    best_model_->check_model(*state.model);
}

std::string EarlyStopping::reason() const {
    const auto since = concat(monitor(), " did not improve for ", wait(), wait() == 1 ? " epoch" : " epochs");
    if (!has_best()) return since + "; it was never a finite number";
    if (best_epoch() < 0) return concat(since, "; best ", best(), " in an earlier fit");
    return concat(since, "; best ", best(), " in epoch ", best_epoch());
}

std::shared_ptr<EarlyStopping> early_stopping(EarlyStoppingOptions options) {
    return std::make_shared<EarlyStopping>(std::move(options));
}

}  // namespace embark
