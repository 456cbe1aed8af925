#include "training_state.h"

#include <algorithm>

#include "../core/error.h"
#include "detail/batch_loss.h"

namespace embark {

double TrainingState::weight() const {
    if (step.whole_weight >= 0) return step.whole_weight;
    return loss_func == nullptr ? batch.weight() : batch_weight(*loss_func, batch);
}

void TrainingState::cancel(Level level, std::string reason) {
    require(at(level).running, "A callback asked to leave level '", to_string(level),
            "', which is not running at this event");
    at(level).cancelled = true;
    if (level == Level::fit && stop_reason_.empty()) stop_reason_ = std::move(reason);
}

bool TrainingState::cancelled(Level level) const {
    // Training and validation stand beside each other; every other level lies inside those declared before it.
    for (size_t outer = 0; outer <= static_cast<size_t>(level); ++outer) {
        const bool beside = level == Level::validate && static_cast<Level>(outer) == Level::train;
        const bool sibling = level == Level::step && static_cast<Level>(outer) == Level::backward;
        if (!beside && !sibling && levels_[outer].cancelled) return true;
    }
    return false;
}

bool TrainingState::enter(Level level) {
    const LevelState before = at(level);
    at(level) = {.running = true, .cancelled = before.resumed && before.cancelled, .over = before.over};
    return !before.resumed;
}

bool TrainingState::leave(Level level) {
    const bool was_cancelled = at(level).cancelled;
    at(level) = {};
    return was_cancelled;
}

Position TrainingState::position(Position::Phase phase) const {
    Position position{.epoch = epoch, .phase = phase, .train_iter = train_iter};
    if (phase == Position::Phase::epoch_start) {
        ++position.epoch;
    } else if (phase == Position::Phase::training) {
        // The loop counts on after the events of a batch.
        position.iteration = iteration + 1;
        position.train_iter = train_iter + 1;
    }
    for (const Level level : {Level::fit, Level::epoch, Level::train}) {
        if (at(level).cancelled) position.cancelled.push_back(level);
    }
    position.stop_reason = stop_reason_;
    return position;
}

void TrainingState::resume(const Position& position) {
    epoch = position.epoch;
    iteration = position.iteration;
    train_iter = position.train_iter;
    stop_reason_ = position.stop_reason;
    const bool within_epoch =
        position.phase == Position::Phase::training || position.phase == Position::Phase::validation;
    at(Level::epoch).resumed = within_epoch;
    // Where the epoch was asked to be left, the training entered next is another epoch's.
    const auto& cancelled = position.cancelled;
    const bool trains = std::find(cancelled.begin(), cancelled.end(), Level::epoch) == cancelled.end();
    at(Level::train).resumed = trains && within_epoch;
    at(Level::train).over = trains && position.phase == Position::Phase::validation;
    at(Level::fit).over = position.phase == Position::Phase::finished;
    for (const Level level : cancelled) {
        if (level == Level::fit || within_epoch) at(level).cancelled = true;
    }
}

}  // namespace embark
