#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace embark {

class StateDict;
class Strategy;
struct TrainingState;

/// What can be skipped, and what an event belongs to.
enum class Level {
    fit,       ///< all epochs
    epoch,     ///< a pass over the training batches, then over the validation batches
    train,     ///< an epoch's training batches
    validate,  ///< an epoch's validation batches
    batch,     ///< one batch, of training or validation
    backward,  ///< a batch's backward pass
    step       ///< the optimizer's step
};
/// The level's name in messages: "fit", "epoch", ….
std::string_view to_string(Level level);

/// Every event of a fit, with levels inside one another, laid out as they are sent: the one list of them.
/// EMBARK_EVENTS(X) expands to X(before_fit) X(before_epoch) … for code that handles all of them in one way; the
/// sentence behind an event documents the method of Callback. See docs/events.md for what is sent where a level is left
/// early.
// (A plain comment ends the list, since Doxygen takes a last sentence for one of the list's own.)
// clang-format off
#define EMBARK_EVENTS(X)                                                                                      \
    X(before_fit)                    /**< Once, before the first epoch. */                                    \
      X(before_epoch)                /**< Before each epoch: TrainingState::epoch has its number. */          \
        X(before_train)              /**< Before the training batches; the model is in training mode. */      \
          X(before_batch)            /**< In training and validation: TrainingState::batch may be changed. */ \
          X(after_pred)              /**< TrainingState::predictions are set, the loss is still to come. */   \
          X(after_loss)              /**< TrainingState::loss is set. */                                      \
            X(before_backward)       /**< Of a training batch: TrainingState::loss_scale may be set. */       \
            X(after_cancel_backward) /**< Where the backward pass was cancelled, before after_backward. */    \
            X(after_backward)        /**< The gradients are computed. */                                      \
            X(before_step)           /**< Before the optimizer's step: gradients may be changed. */           \
            X(after_cancel_step)     /**< Where the step was cancelled, before after_step. */                 \
            X(after_step)            /**< After the optimizer's step; the gradients are still there. */       \
          X(after_cancel_batch)      /**< Where the batch was cancelled, before after_batch. */               \
          X(after_batch)             /**< At the end of every batch, in training and validation. */           \
        X(after_cancel_train)        /**< Where training was cancelled, before after_train. */                \
        X(after_train)               /**< After the training batches. */                                      \
        X(before_validate)           /**< Before the validation batches, which have no backward and step. */  \
        X(after_cancel_validate)     /**< Where validation was cancelled, before after_validate. */           \
        X(after_validate)            /**< After the validation batches. */                                    \
      X(after_cancel_epoch)          /**< Where the epoch was cancelled, before after_epoch. */               \
      X(after_epoch)                 /**< At the end of every epoch. */                                       \
    X(after_cancel_fit)              /**< Where the fit was cancelled, before after_fit. */                   \
    X(after_fit)                     /**< Once, after the last epoch. */                                      \
    X(cleanup_fit)                   /**< Always called when a fit ends, however it ends. */ /* the end */
// clang-format on

/// Something that happens around the training steps: override the events you need.
///
///     struct PrintLoss : embark::Callback {
///         void after_epoch(embark::TrainingState& state) override { … }
///     };
///
/// Every event is sent to the callbacks by ascending order(), those of equal order as they were added. See
/// TrainingState::cancel for leaving a level early. An exception thrown by a callback ends the fit; cleanup_fit of
/// every callback, for giving back what before_fit took, is called all the same.
class Callback {
public:
    virtual ~Callback();

    /// When it is called among the callbacks, lower first. fastai's: 0 by default, recorder 50, schedule and
    /// progress 60.
    virtual int order() const { return 0; }
    /// Its name in messages and checkpoints: unless overridden, that of its class.
    virtual std::string name() const;
    /// Whether it takes part in the learning-rate finder's trial, whose model is thrown away: not what judges epochs
    /// or writes files.
    virtual bool runs_in_lr_find() const { return true; }
    /// Whether Learner::validate, get_preds and predict send it the events of validation, as fits do. (Those events
    /// alone, and cleanup_fit where something throws: there is no before_fit before them, and no level `fit` to leave.)
    /// Unless overridden, what sits out the finder's trial sits out these too.
    virtual bool runs_outside_fit() const { return runs_in_lr_find(); }
    /// Whether training steps must go through autograd for it: because it uses the parameters' gradients, or changes
    /// predictions, loss, targets or weights between after_pred and the backward pass. False unless overridden, so that
    /// no other callback costs a learner its fused step (see LearnerOptions::fused_step). There every event is sent,
    /// TrainingState::predictions and loss can be read, as values without a graph, and gradients are in
    /// StepState::row_gradients; what needs autograd there is an Error that asks for this.
    virtual bool needs_autograd() const { return false; }

    /// What it was told and what changes the training by it, as "max_norm 1, norm_type 2": a fit is resumed with the
    /// same alone. Empty, as unless overridden: nothing, or nothing that is compared.
    virtual std::string settings() const { return {}; }

    /// How this process trains with others, from the callback that brings that (see DataParallel); null otherwise. It
    /// is what TrainingState::strategy is then, from the fit's beginning.
    virtual std::shared_ptr<Strategy> strategy() const { return nullptr; }

    /// `virtual void before_fit(TrainingState&)`, and so on for every event: nothing, unless overridden.
#define EMBARK_EVENT(event) \
    virtual void event(TrainingState&) {}
    EMBARK_EVENTS(EMBARK_EVENT)
#undef EMBARK_EVENT

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
