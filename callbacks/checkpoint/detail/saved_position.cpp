#include "saved_position.h"

#include <algorithm>

#include "../../../core/error.h"
#include "../../../data/loaders/dataloaders.h"

namespace embark {

namespace {

using Phase = Position::Phase;

/// The levels around a batch, which alone are running when a checkpoint is written.
constexpr Level kLevels[] = {Level::fit, Level::epoch, Level::train};

std::vector<Level> load_cancelled(const std::vector<double>& saved) {
    std::vector<Level> levels;
    for (const double number : saved) {
        const auto* found = std::ranges::find(kLevels, number, [](Level level) { return static_cast<double>(level); });
        require(found != std::end(kLevels), "the saved 'cancelled' has ", number, ", which is not a level of a fit");
        levels.push_back(*found);
    }
    return levels;
}

}  // namespace

StateDict save_position(const Position& position) {
    StateDict saved;
    saved.set("epoch", position.epoch);
    saved.set("phase", static_cast<int64_t>(position.phase));
    saved.set("iteration", position.iteration);
    saved.set("train_iter", position.train_iter);
    std::vector<double> levels;
    for (const Level level : position.cancelled) levels.push_back(static_cast<double>(level));
    saved.set("cancelled", levels);
    saved.set("stop_reason", position.stop_reason);
    return saved;
}

Position load_position(const StateDict& saved, const TrainingState& state) {
    const auto phase = static_cast<Phase>(saved.get_integer("phase", 0, static_cast<int64_t>(Phase::finished)));
    const bool within_epoch = phase == Phase::training || phase == Phase::validation;
    const int64_t n_batches = state.dls->train().size();
    Position position{.epoch = saved.get_integer("epoch", 0, state.n_epoch - (within_epoch ? 1 : 0)),
                      .phase = phase,
                      .iteration = saved.get_integer("iteration", 0, n_batches),
                      .train_iter = saved.get_integer("train_iter", 0, state.n_epoch * n_batches),
                      .cancelled = load_cancelled(saved.get<std::vector<double>>("cancelled")),
                      .stop_reason = saved.get<std::string>("stop_reason")};
    require(position.iteration <= position.train_iter, "the saved 'iteration' is ", position.iteration,
            ", and 'train_iter', which counts those of all epochs, ", position.train_iter);
    return position;
}

}  // namespace embark
