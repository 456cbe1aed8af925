#include "save_model.h"

#include <torch/types.h>

#include "../../core/error.h"
#include "../../core/file.h"
#include "../../optim/model_state.h"
#include "../../optim/optimizer.h"
#include "../parallel/detail/sharded_tables.h"
#include "../training_state.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

/// What is larger is written from where it is, before training goes on: there might be no memory for a copy.
constexpr size_t kMostCopied = size_t{256} << 20;

size_t bytes_of(const TensorFile& content) {
    size_t bytes = 0;
    for (const auto& [name, tensor] : content.tensors) bytes += tensor.nbytes();
    return bytes;
}

}  // namespace

SaveModel::SaveModel(SaveModelOptions options)
    : TrackerCallback(options.monitor, options.min_delta, options.reset_on_fit), options_(std::move(options)) {
    require<UsageError>(options_.every_epoch >= 0, "Invalid every_epoch ", options_.every_epoch,
                        ": it must be at least 1, or 0 to save the best");
    require<UsageError>(options_.every_epoch == 0 || !options_.at_end,
                        "SaveModel saves every_epoch or at_end, not both: every epoch's model has a file of its own");
}

void SaveModel::before_fit(TrainingState& state) {
    saving_ = {};
    if (options_.every_epoch == 0) TrackerCallback::before_fit(state);  // else nothing is compared
    if (state.is_main_process()) require_writable_path(options_.path);
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
    if (options_.at_end) save(options_.path, state);
    finish_saving();
    if (!reloads_best()) return;
    const ShardedTables tables(*state.model);
    const auto read = [&] { return tables.load(options_.path); };
    // Every process has rows of its own to read.
    const ModelState best(tables.empty() ? state.strategy->read_by_main_process(read) : read(), options_.path.string());
    if (options_.with_opt) {
        best.restore(*state.model, *state.optimizer);
    } else {
        best.restore_weights(*state.model, *state.optimizer);
    }
}

void SaveModel::cleanup_fit(TrainingState&) {
    if (saving_.valid()) saving_.wait();
}

/// A checkpoint that knows of a best model is written after that model.
void SaveModel::save_state(StateDict& to, const TrainingState& state) const {
    finish_saving();
    TrackerCallback::save_state(to, state);
}

void SaveModel::load_state(const StateDict& from, TrainingState& state) {
    TrackerCallback::load_state(from, state);
    if (state.is_main_process() && reloads_best() && !state.was_over(Level::fit)) require_readable_file(options_.path);
}

void SaveModel::save(const fs::path& path, const TrainingState& state) {
    finish_saving();
    auto* optimizer = options_.with_opt ? state.optimizer : nullptr;
    if (state.strategy->decides_alone() && bytes_of(ModelState::tensors(*state.model, optimizer)) <= kMostCopied) {
        auto copy = optimizer == nullptr ? ModelState(*state.model) : ModelState(*state.model, *optimizer);
        saving_ = std::async(std::launch::async, [saved = std::move(copy), path] { saved.save(path); }).share();
    } else {  // several processes all have to know whether it worked
        save_model_state(path, *state.model, optimizer, *state.strategy);
    }
    last_saved_path_ = path;
}

const fs::path& SaveModel::last_saved_path() const {
    finish_saving();
    return last_saved_path_;
}

void SaveModel::finish_saving() const {
    if (saving_.valid()) saving_.get();
}

std::shared_ptr<SaveModel> save_model(SaveModelOptions options) {
    return std::make_shared<SaveModel>(std::move(options));
}

}  // namespace embark
