#pragma once

#include <string>
#include <string_view>

namespace embark {

class StateDict;
struct TrainingState;

/// What can be skipped, and what an event belongs to.
enum class Level { fit, epoch, train, validate, batch, backward, step };
std::string_view to_string(Level level);

/// Something that happens around the training steps: override the events you need.
///
///     struct PrintLoss : embark::Callback {
///         void after_epoch(embark::TrainingState& state) override { … }
///     };
///
/// The order of events, levels inside one another:
///
///     before_fit
///       before_epoch
///         before_train
///           before_batch  after_pred  after_loss
///             before_backward [after_cancel_backward] after_backward
///             before_step [after_cancel_step] after_step
///           [after_cancel_batch] after_batch
///         [after_cancel_train] after_train
///         before_validate  (before_batch after_pred after_loss [after_cancel_batch] after_batch)…
///         [after_cancel_validate] after_validate
///       [after_cancel_epoch] after_epoch
///     [after_cancel_fit] after_fit
///     cleanup_fit
///
/// Every event is sent to the callbacks by ascending order(), those of equal order as they were added. See
/// TrainingState::cancel for leaving a level early. An exception thrown by a callback ends the fit; cleanup_fit of
/// every callback is called all the same.
class Callback {
public:
    virtual ~Callback();

    /// When it is called among the callbacks, lower first. fastai's: 0 by default, recorder 50, schedule and
    /// progress 60.
    virtual int order() const { return 0; }
    /// Its name in messages.
    virtual std::string name() const { return "callback"; }
    /// Whether it takes part in the learning-rate finder's trial, whose model is thrown away: not what judges epochs
    /// or writes files.
    virtual bool runs_in_lr_find() const { return true; }
    /// Whether a training step must go through autograd for it: because it reads gradients, or changes predictions,
    /// loss, gradients or weights within the step, from after_pred to after_step. True unless overridden, so that a
    /// callback of your own finds all of it. One that says false leaves a learner free to take a fused step (see
    /// LearnerOptions::fused_step): there every event is sent and TrainingState::predictions and loss can be read, as
    /// values without a graph, and gradients are in TrainingState::row_gradients; the parameters have none.
    virtual bool needs_autograd() const { return true; }

    virtual void before_fit(TrainingState&) {}
    virtual void before_epoch(TrainingState&) {}
    virtual void before_train(TrainingState&) {}
    virtual void before_validate(TrainingState&) {}
    virtual void before_batch(TrainingState&) {}
    virtual void after_pred(TrainingState&) {}
    virtual void after_loss(TrainingState&) {}
    virtual void before_backward(TrainingState&) {}
    virtual void after_cancel_backward(TrainingState&) {}
    virtual void after_backward(TrainingState&) {}
    virtual void before_step(TrainingState&) {}
    virtual void after_cancel_step(TrainingState&) {}
    virtual void after_step(TrainingState&) {}
    virtual void after_cancel_batch(TrainingState&) {}
    virtual void after_batch(TrainingState&) {}
    virtual void after_cancel_train(TrainingState&) {}
    virtual void after_train(TrainingState&) {}
    virtual void after_cancel_validate(TrainingState&) {}
    virtual void after_validate(TrainingState&) {}
    virtual void after_cancel_epoch(TrainingState&) {}
    virtual void after_epoch(TrainingState&) {}
    virtual void after_cancel_fit(TrainingState&) {}
    virtual void after_fit(TrainingState&) {}
    /// Always called when a fit has begun and ends, however it ends: for giving back what before_fit took.
    virtual void cleanup_fit(TrainingState&) {}

    /// Saves what this callback would need to go on after the batch at hand, for a checkpoint: what it counts and
    /// compares, not its settings.
    virtual void save_state(StateDict&, const TrainingState&) const {}
    /// Takes over what save_state() gave. Called in a fit that is resumed, after before_fit of every callback. Throws
    /// Error where something is missing.
    virtual void load_state(const StateDict&, TrainingState&) {}
};

/// An event, as something to pass around: &Callback::before_batch.
using Event = void (Callback::*)(TrainingState&);

}  // namespace embark
