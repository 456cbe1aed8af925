#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../../train_step.h"

namespace embark {

/// What a fit trains with.
struct FitParts {
    const Model& model;
    const Loss& loss;
    const Optimizer& optimizer;
    const std::vector<std::shared_ptr<Callback>>& callbacks;
    /// Whether the training data have weights.
    bool weighted = false;
};

/// What a fused step answers when it is asked for a fit: itself, or what keeps it from training this model; neither for
/// models that it is not for.
struct StepOffer {
    std::shared_ptr<TrainStep> step = {};
    std::string obstacle = {};
};

/// How a fit trains.
struct ChosenStep {
    std::shared_ptr<TrainStep> step;
    /// A line for the person who trains, where the model has a fused step: that it is taken, or why it is not.
    std::string message = {};
};

/// The step of a fit: the user's `own` where there is one, else the first fused step that offers itself, unless
/// `fused_allowed` is false or a callback needs autograd, else the ordinary one.
ChosenStep choose_step(const FitParts& fit, const std::shared_ptr<TrainStep>& own, bool fused_allowed);

}  // namespace embark
