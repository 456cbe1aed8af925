#pragma once

#include <memory>
#include <string>

#include "callback.h"

namespace embark {

/// Keeps norm layers whose weights are not trained in eval mode while the others train, fastai's BnFreeze: batch norm
/// in frozen groups then normalises by the statistics that it has, and these do not move. Norm layers of frozen groups
/// are trained all the same unless LearnerOptions::train_bn is off. Layers without weights (affine = false) are left
/// alone.
class BnFreeze : public Callback {
public:
    std::string name() const override { return "bn_freeze"; }
    bool needs_autograd() const override { return true; }
    bool runs_outside_fit() const override { return false; }

    void before_batch(TrainingState& state) override;
};

/// A BnFreeze, as something to give a Learner.
std::shared_ptr<BnFreeze> bn_freeze();

}  // namespace embark
