#include "reduce_lr_on_plateau.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../core/error.h"
#include "../optim/optimizer.h"
#include "training_state.h"

namespace embark {

ReduceLROnPlateau::ReduceLROnPlateau(ReduceLROnPlateauOptions options)
    : TrackerCallback(std::move(options.monitor), options.min_delta, options.reset_on_fit),
      patience_(options.patience),
      factor_(options.factor),
      min_lr_(options.min_lr) {
    require<UsageError>(patience_ >= 1, "Invalid patience ", patience_, ": at least 1 epoch is needed");
    require<UsageError>(std::isfinite(factor_) && factor_ > 1, "Invalid factor ", factor_,
                        ": the rate is divided by it, so it must be above 1");
    require<UsageError>(std::isfinite(min_lr_) && min_lr_ >= 0, "Invalid min_lr ", min_lr_,
                        ": it must be a number of at least 0");
}

std::string ReduceLROnPlateau::settings() const {
    return concat(tracker_settings(), ", patience ", patience_, ", factor ", factor_, ", min_lr ", min_lr_);
}

void ReduceLROnPlateau::before_fit(TrainingState& state) {
    TrackerCallback::before_fit(state);
    require<UsageError>(!state.scheduled.contains("lr"),
                        "reduce_lr_on_plateau has no effect where a schedule sets the learning rate at every batch; "
                        "train with fit(), which keeps it constant");
}

void ReduceLROnPlateau::after_epoch(TrainingState& state) {
    TrackerCallback::after_epoch(state);
    if (wait() < patience_) return;
    reset_wait();
    std::vector<double> rates;
    for (const auto& group : state.optimizer->groups()) {
        const double lr = group.hyper.at("lr");
        rates.push_back(std::min(lr, std::max(lr / factor_, min_lr_)));
    }
    state.optimizer->set_hyper("lr", rates);
}

std::shared_ptr<ReduceLROnPlateau> reduce_lr_on_plateau(ReduceLROnPlateauOptions options) {
    return std::make_shared<ReduceLROnPlateau>(std::move(options));
}

}  // namespace embark
