#pragma once

#include <memory>
#include <vector>

#include "../../core/state_dict.h"
#include "../../optim/schedule.h"
#include "../learner.h"

namespace embark {

/// A fit as it is about to begin. What it refers to must outlive it.
struct FitDescription {
    const DataLoaders& dls;
    const Model& model;
    const LearnerOptions& options;
    const Optimizer& optimizer;
    /// The Learner's and the fit's own.
    const std::vector<std::shared_ptr<Callback>>& callbacks;
    /// A set for each parameter group.
    const std::vector<Schedules>& schedules;
    int64_t n_epoch = 0;
    /// Passes over the training data by earlier fits.
    int64_t earlier_epochs = 0;
};

/// What tells a fit from others that its checkpoint must not go on in, by names for people: data, order, what was
/// fitted on the data, model, loss, step, metrics, hyper-parameters and schedules. Reads all rows that are in memory
/// once. What lies in functions of the user's own is not seen, and weights are not part of it, since they are the
/// checkpoint's: see docs/learner.md.
StateDict fit_identity(const FitDescription& fit);

}  // namespace embark
