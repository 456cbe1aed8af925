#include "save_model.h"

#include <torch/torch.h>

#include "../core/error.h"
#include "../core/file.h"
#include "../distributed/leader.h"
#include "../optim/model_state.h"
#include "../optim/optimizer.h"
#include "sharded_tables.h"
#include "training_state.h"

namespace embark {

namespace fs = std::filesystem;

SaveModel::SaveModel(SaveModelOptions options)
    : TrackerCallback(options.monitor, options.min_delta, options.reset_on_fit), options_(std::move(options)) {
    require<UsageError>(options_.every_epoch >= 0, "Invalid every_epoch ", options_.every_epoch,
                        ": it must be at least 1, or 0 to save the best");
    require<UsageError>(options_.every_epoch == 0 || !options_.at_end,
                        "SaveModel saves every_epoch or at_end, not both: every epoch's model has a file of its own");
}

void SaveModel::before_fit(TrainingState& state) {
    if (options_.every_epoch == 0) TrackerCallback::before_fit(state);  // else nothing is compared
    if (state.leads()) require_writable_path(options_.path);
}

void SaveModel::after_epoch(TrainingState& state) {
    if (options_.every_epoch == 0) {
        TrackerCallback::after_epoch(state);
        if (new_best()) save(options_.path, state);
    } else if (state.epoch % options_.every_epoch == 0) {
        const auto numbered = concat(options_.path.stem().string(), "_", state.epoch);
        save(fs::path(options_.path).replace_filename(numbered + options_.path.extension().string()), state);
    }
}

void SaveModel::after_fit(TrainingState& state) {
    if (options_.at_end) return save(options_.path, state);
    if (!reloads_best()) return;
    const ShardedTables tables(*state.model);
    const auto read = [&] { return tables.load(options_.path); };
    // Every process has rows of its own to read.
    const ModelState best(tables.empty() ? read_by_leader(state.processes, read) : read(), options_.path.string());
    if (options_.with_opt) {
        best.restore(*state.model, *state.optimizer);
    } else {
        best.restore(*state.model);
    }
}

void SaveModel::load_state(const StateDict& from, TrainingState& state) {
    TrackerCallback::load_state(from, state);
    if (state.leads() && reloads_best() && !state.was_over(Level::fit)) require_readable_file(options_.path);
}

void SaveModel::save(const fs::path& path, const TrainingState& state) {
    save_model_state(path, *state.model, options_.with_opt ? state.optimizer : nullptr, state.processes);
    last_saved_path_ = path;
}

}  // namespace embark
