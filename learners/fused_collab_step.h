#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../core/range.h"
#include "train_step.h"

namespace embark {

/// The tables of a DotProduct or DotProductBias.
struct DotProductTables {
    at::Tensor user_factors, item_factors;  // (rows, width)
    at::Tensor user_bias, item_bias;        // (rows, 1), undefined without biases
    Range y_range;
};

/// The step of a DotProduct or DotProductBias with MSE, without autograd: forward, loss and gradients of the rows that
/// the batch touches, which Optimizer::step_rows takes over. It computes what AutogradStep does, to rounding, and sends
/// the same events. Batches that it does not know, such as weighted ones, it leaves to an AutogradStep; model and
/// optimizer are up to date after every step, so that the two can take turns.
class FusedCollabStep : public TrainStep {
public:
    /// What it refers to must outlive it.
    FusedCollabStep(DotProductTables tables, const Model& model, const Loss& loss, Optimizer& optimizer);
    void run(const Events& events, TrainingState& state) override;

private:
    /// The rows that one table's ids name in a batch: each id's place among the distinct ones.
    struct Rows {
        std::vector<int64_t> ids, slots, distinct;
        std::vector<int32_t> place_of;  // by row; below 0 where the batch does not have it
        std::vector<float> gradient, bias_gradient;

        void forget();  // the places
        void take(const int64_t* column, int64_t count, int64_t n_rows, const char* what);
    };

    bool knows(const Batch& batch) const;
    void forward(TrainingState& state);
    void backward(TrainingState& state);

    DotProductTables tables_;
    Optimizer& optimizer_;
    AutogradStep autograd_;
    Rows users_, items_;
    std::vector<float> dots_, slopes_;
    double loss_ = 0;
};

/// How a fit trains: by a fused step where there is one for the model and all else allows it.
struct ChosenStep {
    std::unique_ptr<TrainStep> step;
    /// A line for the person who trains, where the model has a fused step: that it is taken, or why it is not.
    std::string message;
};

/// Chooses between FusedCollabStep and AutogradStep for a fit; `weighted` says whether its data have weights. What is
/// referred to must outlive the step.
ChosenStep choose_step(const Model& model, const Loss& loss, Optimizer& optimizer, const Events& events, bool weighted,
                       bool fused_allowed);

}  // namespace embark
