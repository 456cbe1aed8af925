#include "training_state.h"

#include "../core/error.h"

namespace embark {

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

void TrainingState::enter(Level level) {
    at(level) = {.running = true, .cancelled = false};
}

bool TrainingState::leave(Level level) {
    const bool was_cancelled = at(level).cancelled;
    at(level) = {};
    return was_cancelled;
}

}  // namespace embark
