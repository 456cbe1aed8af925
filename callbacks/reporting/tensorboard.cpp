#include "tensorboard.h"

#include <cmath>
#include <utility>

#include "../../core/error.h"
#include "../../core/state_dict.h"
#include "../../core/text.h"
#include "../../optim/optimizer.h"
#include "../training_state.h"
#include "detail/event_file.h"

namespace embark {

namespace {

/// A name for each group's hyper-parameters, in the order of the groups.
std::vector<std::string> hyper_tags(const Optimizer& optimizer) {
    std::vector<std::string> tags;
    const auto& groups = optimizer.groups();
    for (size_t g = 0; g < groups.size(); ++g) {
        for (const auto& [name, value] : groups[g].hyper) {
            tags.push_back(groups.size() == 1 ? name : concat(name, "_", g));
        }
    }
    return tags;
}

}  // namespace

TensorBoard::TensorBoard(std::filesystem::path log_folder, TensorBoardOptions options)
    : folder_(std::move(log_folder)), options_(std::move(options)) {
    require<UsageError>(!folder_.empty(), "TensorBoard was given no folder to log in");
    require<UsageError>(options_.every >= 1, "Invalid every ", options_.every, ": it must be at least 1");
    require<UsageError>(is_utf8(options_.text), "The text for TensorBoard is not UTF-8");
    if (!options_.run.empty()) folder_ /= options_.run;
}

TensorBoard::~TensorBoard() = default;

void TensorBoard::before_fit(TrainingState& state) {
    for (const auto& name : state.records.metric_names) {
        require(is_utf8(name), "TensorBoard cannot show the metric '", name, "': its name is not UTF-8");
    }
    if (!state.is_main_process()) return;
    file_ = std::make_unique<EventFile>(folder_);
    if (!options_.text.empty()) file_->add_text(step_, "text", options_.text);
    hyper_tags_ = state.optimizer ? hyper_tags(*state.optimizer) : std::vector<std::string>();
}

void TensorBoard::after_batch(TrainingState& state) {
    if (!file_ || !state.training) return;
    ++step_;
    if (step_ % options_.every != 0) return;
    scalars_.clear();
    // A batch that was left before it had a loss was not recorded.
    if (state.loss.defined() && !state.records.losses.empty()) {
        scalars_.push_back({"train_loss", state.records.smooth_losses.back()});
        scalars_.push_back({"batch_loss", state.records.losses.back()});
    }
    if (state.optimizer) {
        auto tag = hyper_tags_.begin();
        for (const auto& group : state.optimizer->groups()) {
            for (const auto& [name, value] : group.hyper) scalars_.push_back({*tag++, value});
        }
    }
    file_->add_scalars(step_, scalars_);
}

void TensorBoard::after_epoch(TrainingState& state) {
    if (!file_ || state.records.epochs.empty()) return;
    const EpochRow& row = state.records.epochs.back();
    scalars_.clear();
    const auto add = [&](std::string_view tag, double value) {
        if (!std::isnan(value)) scalars_.push_back({tag, value});
    };
    add("valid_loss", row.valid_loss);
    for (size_t m = 0; m < row.metrics.size(); ++m) add(state.records.metric_names.at(m), row.metrics[m]);
    if (!scalars_.empty()) file_->add_scalars(step_, scalars_);
    file_->flush();
}

void TensorBoard::save_state(StateDict& to, const TrainingState&) const {
    if (file_) file_->flush();  // a resumed fit does not write again what came before its checkpoint
    to.set("step", step_);
}

void TensorBoard::load_state(const StateDict& from, TrainingState& state) {
    step_ = from.get_integer("step", 0);
    // After a fit that was over by then, what the log goes on with may be a later fit's.
    if (file_ && !state.was_over(Level::fit)) file_->add_start(step_ + 1);
}

void TensorBoard::cleanup_fit(TrainingState&) {
    if (const auto file = std::exchange(file_, nullptr)) file->flush();
}

std::shared_ptr<TensorBoard> tensorboard(std::filesystem::path log_folder, TensorBoardOptions options) {
    return std::make_shared<TensorBoard>(std::move(log_folder), std::move(options));
}

}  // namespace embark
