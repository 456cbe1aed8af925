#pragma once

#include "../plots/plot.h"
#include "schedule.h"

namespace embark {

/// A chart for each schedule over the progress of training, 0 to 1: what a ParamScheduler will do. Those that never
/// change are named below the title with their value, unless that is true of all. Throws Error where it is missing.
Plot plot_schedule(const Schedules& schedules);

}  // namespace embark
