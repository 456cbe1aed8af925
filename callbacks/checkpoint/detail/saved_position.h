#pragma once

#include "../../../core/state_dict.h"
#include "../../training_state.h"

namespace embark {

StateDict save_position(const Position& position);

/// What save_position gave. Throws Error for what is not a position of the fit at hand.
Position load_position(const StateDict& saved, const TrainingState& state);

}  // namespace embark
