#include "early_stopping.h"

#include "../core/error.h"
#include "training_state.h"

namespace embark {

EarlyStopping::EarlyStopping(EarlyStoppingOptions options)
    : TrackerCallback(std::move(options.monitor), options.min_delta, options.reset_on_fit),
      patience_(options.patience) {
    require<UsageError>(patience_ >= 1, "Invalid patience ", patience_, ": at least 1 epoch is needed");
}

void EarlyStopping::after_epoch(TrainingState& state) {
    TrackerCallback::after_epoch(state);
    if (wait() >= patience_) state.cancel(Level::fit, reason());
}

std::string EarlyStopping::reason() const {
    const auto since = concat(monitor(), " did not improve for ", wait(), wait() == 1 ? " epoch" : " epochs");
    if (!has_best()) return since + "; it was never a finite number";
    if (best_epoch() < 0) return concat(since, "; best ", best(), " in an earlier fit");
    return concat(since, "; best ", best(), " in epoch ", best_epoch());
}

}  // namespace embark
