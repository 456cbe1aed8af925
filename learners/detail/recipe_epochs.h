#pragma once

#include <cstdint>
#include <memory>

#include "../../callbacks/early_stopping.h"
#include "../../data/loaders/dataloader.h"

namespace embark {

/// No recipe asks for more epochs than this, so that of very few rows the table stays short.
inline constexpr int64_t kMostEpochs = 200;

/// `n_epoch`, or as many as make `min_steps` training steps, whichever is more.
int64_t epochs_for(int64_t n_epoch, int64_t min_steps, const DataLoader& train);

/// What brings back the best epoch's model when a fit of so many epochs ends, and never ends it.
std::shared_ptr<Callback> best_epoch(int64_t n_epoch);

}  // namespace embark
