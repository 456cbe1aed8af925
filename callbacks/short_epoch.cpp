#include "short_epoch.h"

#include "../core/error.h"
#include "training_state.h"

namespace embark {

ShortEpoch::ShortEpoch(ShortEpochOptions options) : options_(options) {
    require<UsageError>(options.pct >= 0 && options.pct <= 1, "Invalid pct ", options.pct, ": it must be in [0, 1]");
}

void ShortEpoch::after_batch(TrainingState& state) {
    if (static_cast<double>(state.iteration) / static_cast<double>(state.n_iter) < options_.pct) return;
    if (state.training) {
        state.cancel(Level::train);
    } else if (options_.short_valid) {
        state.cancel(Level::validate);
    }
}

}  // namespace embark
