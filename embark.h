#pragma once

/// All of Embark, and all of LibTorch with it. A file that needs only a part compiles in a third of the time or less
/// with that part's own header: <embark/data/table.h>, <embark/learners/learner.h>, …; see docs/compile-time.md.

#include <torch/torch.h>

#include "callbacks/events.h"
#include "callbacks/metrics.h"
#include "callbacks/param_scheduler.h"
#include "callbacks/plot_records.h"
#include "callbacks/progress.h"
#include "callbacks/recorder.h"
#include "callbacks/tensorboard.h"
#include "callbacks/training_state.h"
#include "core/error.h"
#include "core/file.h"
#include "core/plot.h"
#include "core/safetensors.h"
#include "core/tensors.h"
#include "data/collab.h"
#include "data/dataloaders.h"
#include "data/splitters.h"
#include "data/table.h"
#include "data/vocabulary.h"
#include "learners/collab_learner.h"
#include "learners/exported_model.h"
#include "learners/learner.h"
#include "learners/plot_lr_find.h"
#include "modules/dot_product.h"
#include "modules/layers.h"
#include "modules/losses.h"
#include "optim/optimizer.h"
#include "optim/plot_schedule.h"
#include "optim/schedule.h"
#include "optim/torch_optimizer.h"
