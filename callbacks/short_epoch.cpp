#include "short_epoch.h"

#include "../core/error.h"
#include "parallel/detail/sharded_tables.h"
#include "training_state.h"

namespace embark {

namespace {

/// Whether validation may end after this batch. Processes validate a batch each at the same time, and of tables that
/// are split over them all look rows up equally often: they end together.
bool all_are_done(const TrainingState& state) {
    return state.strategy->share().ends_round(state.iteration) || ShardedTables(*state.model).empty();
}

}  // namespace

ShortEpoch::ShortEpoch(ShortEpochOptions options) : options_(options) {
    require<UsageError>(options.pct >= 0 && options.pct <= 1, "Invalid pct ", options.pct, ": it must be in [0, 1]");
}

std::string ShortEpoch::settings() const {
    return concat("pct ", options_.pct, options_.short_valid ? ", short_valid" : "");
}

void ShortEpoch::after_batch(TrainingState& state) {
    if (static_cast<double>(state.iteration) / static_cast<double>(state.n_iter) < options_.pct) return;
    if (state.training) {
        state.cancel(Level::train);
    } else if (options_.short_valid && all_are_done(state)) {
        state.cancel(Level::validate);
    }
}

std::shared_ptr<ShortEpoch> short_epoch(ShortEpochOptions options) {
    return std::make_shared<ShortEpoch>(options);
}

}  // namespace embark
