#include "choose_step.h"

#include "../../../core/error.h"
#include "../../detail/train_step.h"
#include "fused_collab_step.h"

namespace embark {

namespace {

/// The fused steps, asked in turn.
constexpr StepOffer (*kFusedSteps[])(const FitParts& fit) = {offer_fused_collab_step};

/// What keeps any fused step from this fit.
std::string general_obstacle(const FitParts& fit, bool allowed) {
    if (!allowed) return "fused_step is off";
    if (!fit.model.calls_own_forward()) return "the model is called in a way of its own";
    for (const auto& callback : fit.callbacks) {
        if (callback->needs_autograd()) return concat("the callback '", callback->name(), "' needs it");
    }
    return {};
}

}  // namespace

ChosenStep choose_step(const FitParts& fit, const std::shared_ptr<TrainStep>& own, bool fused_allowed) {
    if (own != nullptr) return {own};
    for (const auto& offered_by : kFusedSteps) {
        const StepOffer offer = offered_by(fit);
        if (offer.step == nullptr && offer.obstacle.empty()) continue;
        const std::string general = general_obstacle(fit, fused_allowed);
        const std::string& obstacle = general.empty() ? offer.obstacle : general;
        if (obstacle.empty()) return {offer.step, "Training by the fused step"};
        return {std::make_shared<AutogradStep>(), "Training through autograd: " + obstacle};
    }
    return {std::make_shared<AutogradStep>()};
}

}  // namespace embark
