#pragma once

namespace embark {

class Strategy;
struct TrainingState;

/// Throws the same Error in all processes where they are about to train different models, on different data or with
/// different settings, and says what differs.
void require_same_fit(Strategy& strategy, const TrainingState& state);

}  // namespace embark
