#pragma once

#include <memory>

#include "callback.h"

namespace embark {

/// Keeps dropout on in validation and prediction, where each pass then gives other answers: Monte Carlo dropout, whose
/// spread over passes says how sure the model is (Gal and Ghahramani 2016; fastai's MCDropoutCallback).
///
///     const auto dropout = embark::mc_dropout();
///     for (int i = 0; i < 10; ++i) passes.push_back(learn.get_preds({dropout}).predictions);
///
/// Dropout is every module without children whose type has "dropout" in its name, as in fastai.
class MCDropout : public Callback {
public:
    std::string name() const override { return "mc_dropout"; }

    void before_validate(TrainingState& state) override;
    void after_validate(TrainingState& state) override;
};

/// A MCDropout, as something to give a Learner.
std::shared_ptr<MCDropout> mc_dropout();

}  // namespace embark
