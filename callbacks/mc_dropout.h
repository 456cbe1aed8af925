#pragma once

#include "callback.h"

namespace embark {

/// Keeps dropout on in validation and prediction, where each pass then gives other answers: Monte Carlo dropout, whose
/// spread over passes says how sure the model is (Gal and Ghahramani 2016; fastai's MCDropoutCallback).
///
///     const auto dropout = std::make_shared<embark::MCDropout>();
///     for (int i = 0; i < 10; ++i) passes.push_back(learn.get_preds({dropout}).predictions);
///
/// Dropout is every module without children whose type has "dropout" in its name, as in fastai.
class MCDropout : public Callback {
public:
    std::string name() const override { return "mc_dropout"; }
    bool needs_autograd() const override { return false; }

    void before_validate(TrainingState& state) override;
    void after_validate(TrainingState& state) override;
};

}  // namespace embark
