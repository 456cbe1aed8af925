#pragma once

#include <string>
#include <vector>

#include "../core/tensors.h"
#include "callback.h"

namespace embark {

/// What the callbacks have in common that keep an average of a model's weights beside those that are trained. What is
/// validated, judged and saved after an epoch's training is the model with the average; training goes on with its own
/// weights. A fit ends with the average in the model, which so predicts with it, is saved and exported with it.
///
/// A class of its own calls update() when the weights at hand are to count, and show_average() after an epoch's
/// training.
class AveragedWeights : public Callback {
public:
    int order() const override { return 40; }
    bool runs_in_lr_find() const override { return false; }
    bool needs_autograd() const override { return true; }

    /// Throws Error for a model with sharded tables, of which no process has all rows.
    void before_fit(TrainingState& state) override;
    void before_train(TrainingState& state) override;
    void after_train(TrainingState& state) override;
    void after_fit(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    void load_state(const StateDict& from, TrainingState& state) override;

protected:
    /// Which of the tensors are averaged; the others are copied: integers always.
    enum class Averaged {
        parameters,             ///< buffers are copied
        parameters_and_buffers  ///< batch norm's running statistics too
    };

    /// a ← a + share·(w − a) of what is averaged; other buffers are the model's own. For a model with its own weights.
    void update(double share, Averaged averaged);
    /// How often update() was called in this fit.
    int64_t updates() const { return updates_; }
    /// Puts the average into the model, where there is one.
    void show_average();

private:
    /// Exchanges the model's values and those that are kept.
    void exchange();

    int64_t updates_ = 0;
    /// The model's parameters, then its buffers, each once, by name; and beside each its average, or, while the model
    /// has that, the value that it is trained with.
    std::vector<std::string> names_;
    Tensors values_, kept_;
    size_t n_parameters_ = 0;
    bool model_has_average_ = false;
};

}  // namespace embark
