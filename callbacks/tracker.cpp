#include "tracker.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/error.h"
#include "../core/state_dict.h"
#include "../core/text.h"
#include "training_state.h"

namespace embark {

TrackerCallback::TrackerCallback(std::string monitor, double min_delta, bool reset_on_fit)
    : monitor_(std::move(monitor)), min_delta_(min_delta), reset_on_fit_(reset_on_fit), best_(kNotRecorded) {
    require<UsageError>(std::isfinite(min_delta) && min_delta >= 0, "Invalid min_delta ", min_delta,
                        ": it must be a number of at least 0");
}

std::string TrackerCallback::tracker_settings() const {
    return concat("monitor ", monitor_, ", min_delta ", min_delta_, reset_on_fit_ ? ", reset_on_fit" : "");
}

bool TrackerCallback::has_best() const {
    return !std::isnan(best_);
}

void TrackerCallback::before_fit(TrainingState& state) {
    const auto names = state.records.names();
    const bool known = std::find(names.begin(), names.end(), monitor_) != names.end();
    require(known, name(), " cannot monitor '", monitor_, "'", name_hint(monitor_, names));
    require(state.has_valid || monitor_ == "train_loss", name(), " cannot monitor ", monitor_,
            ": the data have no validation part; monitor \"train_loss\", or split some rows off for validation");
    direction_ = state.records.direction(monitor_);
    if (reset_on_fit_) best_ = kNotRecorded;
    best_epoch_ = -1;
    wait_ = 0;
}

void TrackerCallback::after_epoch(TrainingState& state) {
    const double value = state.records.last(monitor_);
    const double gain = direction_ == Direction::lower_is_better ? best_ - value : value - best_;
    new_best_ = std::isfinite(value) && (!has_best() || gain > min_delta_);
    if (!new_best_) return static_cast<void>(++wait_);
    best_ = value;
    best_epoch_ = state.epoch;
    wait_ = 0;
}

void TrackerCallback::save_state(StateDict& to, const TrainingState&) const {
    to.set("best", best_);
    to.set("best_epoch", best_epoch_);
    to.set("wait", wait_);
}

void TrackerCallback::load_state(const StateDict& from, TrainingState& state) {
    best_ = from.get<double>("best");
    best_epoch_ = from.get_integer("best_epoch", -1, state.n_epoch - 1);
    wait_ = from.get_integer("wait", 0, state.n_epoch);
}

}  // namespace embark
