#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "../data/batch.h"
#include "callback.h"
#include "records.h"

namespace torch::nn {
class Module;
}

namespace embark {

class Optimizer;

/// All that a callback sees of a running fit, and may change. The Learner owns it; what it refers to lives as long as
/// the fit.
struct TrainingState {
    /// Epoch of this fit, from 0, and how many there are to be.
    int64_t epoch = 0;
    int64_t n_epoch = 0;
    /// Batch of this pass over the data, from 0, and how many there are.
    int64_t iteration = 0;
    int64_t n_iter = 0;
    /// Training batches seen in this fit.
    int64_t train_iter = 0;
    /// How much of the fit is done, 0 to (N−1)/N at the last of N training batches.
    double pct_train = 0;
    /// In a training batch rather than a validation batch.
    bool training = true;
    /// In a run of lr_find, which is undone afterwards: callbacks that log or keep what they see leave it out.
    bool finding_lr = false;

    /// The batch at hand, in before_batch … after_batch.
    Batch batch = {};
    /// The model's raw outputs, from after_pred on.
    Tensors predictions = {};
    /// The loss as a scalar tensor, from after_loss on.
    at::Tensor loss = {};

    /// The module that is trained.
    torch::nn::Module* model = nullptr;
    Optimizer* optimizer = nullptr;
    /// What was recorded of this fit so far.
    Records records = {};

    /// Asks to leave `level` early; the loop obeys once the event at hand has been sent to every callback. What is left
    /// of the level is skipped, then its after_cancel event is sent, then its after event; the after events of the
    /// levels inside it are not sent. (A cancelled step still drops the gradients; a cancelled backward still steps.)
    /// `reason` says why, for the person who reads the table: "the loss is not a number". Throws Error where that level
    /// is not running, as `step` in after_pred.
    void cancel(Level level, std::string reason = {});

    /// Whether `level`, or one around it, was asked to be left.
    bool cancelled(Level level) const;

    /// Why the fit was ended early; empty where it was not.
    const std::string& stop_reason() const { return stop_reason_; }

    /// For the loop: `level` begins; and ends, which says whether it was asked to be left.
    void enter(Level level);
    bool leave(Level level);

private:
    struct LevelState {
        bool running = false;
        bool cancelled = false;
    };
    LevelState& at(Level level) { return levels_[static_cast<size_t>(level)]; }
    const LevelState& at(Level level) const { return levels_[static_cast<size_t>(level)]; }

    std::array<LevelState, 7> levels_{};
    std::string stop_reason_;
};

}  // namespace embark
