#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../data/loaders/batch.h"
#include "../distributed/strategy.h"
#include "callback.h"
#include "reporting/records.h"
#include "step_state.h"

namespace torch::nn {
class Module;
}

namespace embark {

class DataLoaders;
class Loss;
class Optimizer;

/// Where a fit goes on after a checkpoint.
struct Position {
    /// What of an epoch was done last.
    enum class Phase {
        epoch_start,  ///< before an epoch
        training,     ///< after a training batch, before the next one
        validation,   ///< after an epoch's training
        finished      ///< after the last epoch: nothing is left to train
    };
    int64_t epoch = 0;                 ///< counted from 0
    Phase phase = Phase::epoch_start;  ///< how far that epoch is
    /// The next training batch of the epoch.
    int64_t iteration = 0;
    int64_t train_iter = 0;  ///< training batches since the fit began
    /// Levels around the batch that were asked to be left.
    std::vector<Level> cancelled = {};
    std::string stop_reason = {};  ///< why the fit was asked to be left; empty where it was not
};

/// All that a callback sees of a running fit, and may change. The Learner owns it; what it refers to lives as long as
/// the fit.
struct TrainingState {
    /// Epoch of this fit, from 0.
    int64_t epoch = 0;
    int64_t n_epoch = 0;  ///< epochs that this fit is to have
    /// Batch of this pass over the data, from 0.
    int64_t iteration = 0;
    int64_t n_iter = 0;  ///< batches in this pass
    /// Training batches seen in this fit.
    int64_t train_iter = 0;
    /// How much of the fit is done, 0 to (N−1)/N at the last of N training batches.
    double pct_train = 0;
    /// In a training batch rather than a validation batch.
    bool training = true;
    /// Whether there is a validation part.
    bool has_valid = false;

    /// The batch at hand, in before_batch … after_batch: of several processes, this one's part.
    Batch batch = {};
    /// The model's raw outputs, from after_pred on.
    Tensors predictions = {};
    /// The loss as a scalar tensor, from after_loss on: what is recorded.
    at::Tensor loss = {};
    /// What the loss is multiplied with for the backward pass: 1, unless a callback changes it in before_backward.
    double loss_scale = 1;
    /// What steps, and the callbacks that share out, scale or accumulate them, tell one another.
    StepState step = {};

    /// How the processes that train together do it, this one alone or several. Never null.
    std::shared_ptr<Strategy> strategy = std::make_shared<Strategy>();

    /// What is trained on; null where nobody said.
    const DataLoaders* dls = nullptr;
    /// The module that is trained.
    torch::nn::Module* model = nullptr;
    /// Its outputs for encoded inputs, as the training step asks for them; empty where nobody said.
    std::function<Tensors(const Tensors& inputs)> forward = {};
    /// Null outside of a fit.
    Optimizer* optimizer = nullptr;
    const Loss* loss_func = nullptr;  ///< the learner's loss; null where nobody said
    /// Hyper-parameters that a schedule sets before every training batch.
    std::set<std::string> scheduled = {};
    /// What was recorded of this fit so far.
    Records records = {};

    /// The rows of the batch at hand, of all processes together.
    int64_t rows() const { return step.whole_rows < 0 ? batch.size() : step.whole_rows; }
    /// What the batch at hand counts in a mean over batches: the sum of its rows' weights, else what the loss says
    /// (Loss::weight), which for most is the number of rows. Of all processes together.
    double weight() const;
    /// Whether this process prints, logs and saves: of several, one alone does.
    bool is_main_process() const { return strategy->is_main_process(); }
    /// Deprecated name of is_main_process().
    [[deprecated("is_main_process since 0.2")]] bool leads() const { return is_main_process(); }

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

    /// For the loop: `level` is entered. Whether it begins rather than goes on after a checkpoint.
    bool enter(Level level);
    /// For the loop: `level` is left. Whether that was asked for.
    bool leave(Level level);
    /// For the loop: whether `level` goes on after a checkpoint once it is entered.
    bool resumes(Level level) const { return at(level).resumed; }
    /// For the loop: whether nothing of `level` is left to do after the checkpoint.
    bool was_over(Level level) const { return at(level).over; }

    /// Where a fit goes on that is interrupted after all events of a batch, of an epoch's training, of an epoch or of
    /// the fit, as `phase` says.
    Position position(Position::Phase phase) const;
    /// Lets the loop go on from `position`. For before_fit.
    void resume(const Position& position);

private:
    struct LevelState {
        bool running = false;
        bool cancelled = false;
        bool resumed = false;  // to be entered in the middle
        bool over = false;     // nothing of it is left to do
    };
    LevelState& at(Level level) { return levels_[static_cast<size_t>(level)]; }
    const LevelState& at(Level level) const { return levels_[static_cast<size_t>(level)]; }

    std::array<LevelState, 7> levels_{};
    std::string stop_reason_;
};

}  // namespace embark
