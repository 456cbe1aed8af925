#pragma once

#include "outcome.h"

namespace embark::course {

/// Whether fastai can run this experiment too.
bool fastai_runs(const Experiment& experiment);

/// Throws Error where fastai's environment is not there, and says how to make it.
void require_fastai();

/// Runs the experiment of `outcome` with fastai in its own environment, with the first seed, and puts its figures
/// beside ours. Throws Error where that fails.
void add_fastai(Outcome& outcome, const Lab& lab, int64_t threads);

}  // namespace embark::course
