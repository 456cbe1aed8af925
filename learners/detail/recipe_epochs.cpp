#include "recipe_epochs.h"

#include <algorithm>

namespace embark {

int64_t epochs_for(int64_t n_epoch, int64_t min_steps, const DataLoader& train) {
    const int64_t steps = train.size();
    return std::max(n_epoch, std::min(kMostEpochs, (min_steps + steps - 1) / steps));
}

std::shared_ptr<Callback> best_epoch(int64_t n_epoch) {
    return early_stopping({.patience = n_epoch + 1, .restore_best = true});
}

}  // namespace embark
