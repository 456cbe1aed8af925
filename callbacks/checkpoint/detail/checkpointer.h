#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../../core/detail/file_lock.h"
#include "../../../core/state_dict.h"
#include "../../../optim/model_state.h"
#include "../../detail/stop_on_request.h"
#include "../../reporting/detail/batch_log.h"
#include "../../training_state.h"
#include "../checkpoint_options.h"

namespace embark {

/// The name under which what tells a fit from others says how much it tells; without it, as version 0.1 wrote it, only
/// what both have is compared.
inline const std::string kIdentityFormat = "format of what is compared";

/// Writes a fit's checkpoints, and lets a fit go on from one.
class Checkpointer : public StopOnRequest {
public:
    /// `fit` tells this fit from others: going on from a checkpoint with other values is an Error that names them.
    /// `others` are the fit's other callbacks, whose state is saved too. It must be the last among them. `log` is what
    /// the Recorder among them writes to. With `says` it says on standard error what may make a resumed fit end with
    /// other bits.
    Checkpointer(CheckpointOptions options, StateDict fit, std::vector<std::shared_ptr<Callback>> others,
                 std::shared_ptr<BatchLog> log, std::stop_token stop, bool says = false);
    std::string name() const override { return "checkpointer"; }

    /// Of several processes, the main process writes for all and reads to all.
    void before_fit(TrainingState& state) override;
    void after_batch(TrainingState& state) override;
    void after_train(TrainingState& state) override;
    void after_epoch(TrainingState& state) override;
    void after_fit(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;

protected:
    void before_stop(TrainingState& state) override;

private:
    /// All or nothing: what cannot be resumed leaves model and optimizer as they were.
    void resume(TrainingState& state);
    void check_same_fit(const StateDict& saved) const;
    void compare_start(const StateDict& saved);
    void say(const std::string& note) const;
    void load_callbacks(const StateDict& saved, TrainingState& state) const;
    /// All of a checkpoint but model and optimizer.
    StateDict capture(const TrainingState& state, Position::Phase phase) const;
    void save(const TensorFile& content) const;
    void write(const StateDict& progress, const TrainingState& state) const;

    CheckpointOptions options_;
    std::filesystem::path path_;
    /// Of the main process, while the fit runs: two fits would overwrite one another's checkpoints.
    std::unique_ptr<FileLock> lock_;
    StateDict fit_;
    bool says_;
    /// What the fit began with and may go on with something else: threads, and the weights, which are the checkpoint's.
    StateDict start_;
    std::vector<std::shared_ptr<Callback>> others_;
    std::shared_ptr<BatchLog> log_;
    /// Of the end of the epoch's training: an interrupted validation is done again from its start.
    StateDict before_validation_;
    /// What a checkpoint that turns out to be wrong leaves behind; empty but while one is read.
    std::optional<ModelState> before_;
};

}  // namespace embark
