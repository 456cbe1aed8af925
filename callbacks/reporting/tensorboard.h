#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "../callback.h"

namespace embark {

class EventFile;
struct Scalar;

/// What TensorBoard is told, and how often.
struct TensorBoardOptions {
    /// The run's name, which is a subfolder of the log folder; empty: the folder itself is the run.
    std::string run = {};
    /// Write the figures of every so many training batches.
    int64_t every = 1;
    /// Shown among the run's texts, in Markdown; empty: none.
    std::string text = {};
};

/// Logs a fit for TensorBoard (`tensorboard --logdir FOLDER`): for every training batch "train_loss" (the exponential
/// average), "batch_loss" and each hyper-parameter ("lr"; with several parameter groups "lr_0", "lr_1", …), and after
/// each epoch "valid_loss" and each metric by its name. The step is the number of training batches that this object
/// has seen: a second fit goes on where the first ended, in a file of its own. Needs the Recorder, which a Learner has
/// in every fit; runs of lr_find are left out.
class TensorBoard : public Callback {
public:
    /// Throws UsageError for an empty `log_folder` or options.every below 1.
    explicit TensorBoard(std::filesystem::path log_folder, TensorBoardOptions options = {});
    ~TensorBoard() override;
    /// fastai's for loggers: right after the recorder.
    int order() const override { return 51; }
    std::string name() const override { return "tensorboard"; }
    bool runs_in_lr_find() const override { return false; }

    /// Throws Error where the log cannot be written.
    void before_fit(TrainingState& state) override;
    void after_batch(TrainingState& state) override;
    void after_epoch(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    /// What the interrupted fit logged after its checkpoint is dropped by TensorBoard; only an epoch's point, where the
    /// checkpoint is of the epoch's last batch, stands twice.
    void load_state(const StateDict& from, TrainingState& state) override;

private:
    std::filesystem::path folder_;
    TensorBoardOptions options_;
    int64_t step_ = 0;
    std::unique_ptr<EventFile> file_;  // while a fit runs
    std::vector<std::string> hyper_tags_;
    std::vector<Scalar> scalars_;
};

/// A TensorBoard, as something to give a Learner.
std::shared_ptr<TensorBoard> tensorboard(std::filesystem::path log_folder, TensorBoardOptions options = {});

}  // namespace embark
