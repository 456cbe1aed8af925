#pragma once

/// All of Embark, and all of LibTorch with it. A file that needs only a part compiles in a third of the time or less
/// with that part's own header: <embark/data/table/table.h>, <embark/learners/learner.h>, …, or a whole component's:
/// <embark/data.h>, <embark/learners.h>, …; see docs/compile-time.md.

#include <torch/torch.h>

#include <embark/callbacks.h>
#include <embark/core.h>
#include <embark/data.h>
#include <embark/distributed.h>
#include <embark/learners.h>
#include <embark/metrics.h>
#include <embark/modules.h>
#include <embark/optim.h>
#include <embark/plots.h>
#include <embark/predictor.h>
#include <embark/version.h>
