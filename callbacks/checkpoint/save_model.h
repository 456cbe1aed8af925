#pragma once

#include <filesystem>
#include <future>
#include <memory>

#include "../tracker.h"

namespace embark {

/// Settings of SaveModel; fastai's defaults.
struct SaveModelOptions {
    /// "train_loss", "valid_loss" or a metric's name.
    std::string monitor = "valid_loss";
    /// What counts as an improvement is one by more than this.
    double min_delta = 0;
    /// The file of the model; every_epoch puts the epoch's number behind its stem.
    std::filesystem::path path = "model.safetensors";
    /// Save after epoch 0 and every so many epochs, each in a file of its own (model_0.safetensors, …), whether or not
    /// they are better, and reload nothing; 0: save the best.
    int64_t every_epoch = 0;
    /// Save the model of the fit's end in the best one's place rather than reload the best.
    bool at_end = false;
    /// Save the optimizer's state too, and reload it with the model.
    bool with_opt = false;
    /// Forget the best value when a new fit begins.
    bool reset_on_fit = true;
};

/// Saves the model whenever the monitored value is the best yet, and reloads the best when the fit ends, also before
/// its time (fastai's SaveModelCallback). Files are as Learner::save writes them, atomically. Learner::load reads them;
/// without with_opt the optimizer then starts anew.
///
/// A single process writes models up to 256 MB while the next epoch trains: the file is there when last_saved_path()
/// has returned, when the next one is saved, when a checkpoint is written, and when the fit ends. What went wrong is
/// thrown there.
class SaveModel : public TrackerCallback {
public:
    /// Throws UsageError for every_epoch together with at_end, a negative every_epoch or min_delta.
    explicit SaveModel(SaveModelOptions options = {});
    int order() const override { return 61; }
    std::string name() const override { return "save_model"; }

    /// Throws Error where the file cannot be written.
    void before_fit(TrainingState& state) override;
    void after_epoch(TrainingState& state) override;
    void after_fit(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;
    void save_state(StateDict& to, const TrainingState& state) const override;
    /// Throws Error where the best model's file is gone.
    void load_state(const StateDict& from, TrainingState& state) override;

    /// Empty before the first was saved. Throws Error where it could not be written.
    const std::filesystem::path& last_saved_path() const;

private:
    void save(const std::filesystem::path& path, const TrainingState& state);
    /// Waits until the last file is there, and throws what kept it from that.
    void finish_saving() const;
    bool reloads_best() const { return options_.every_epoch == 0 && !options_.at_end && has_best(); }

    SaveModelOptions options_;
    std::filesystem::path last_saved_path_;
    std::shared_future<void> saving_;
};

/// A SaveModel, as something to give a Learner.
std::shared_ptr<SaveModel> save_model(SaveModelOptions options = {});

}  // namespace embark
