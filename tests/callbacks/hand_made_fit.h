#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/optim/optimizer.h>

namespace embark::testing {

/// A fit with a validation part and one metric of each direction, whose events a test sends by hand.
struct HandMadeFit {
    explicit HandMadeFit(std::vector<ParameterGroup> groups = {{.parameters = {}}}) {
        optimizer = adam()(std::move(groups));
        state.optimizer = optimizer.get();
        state.n_epoch = 100;
        state.has_valid = true;
        state.records.metric_names = {"rmse", "accuracy"};
        state.records.metric_directions = {Direction::lower_is_better, Direction::higher_is_better};
        state.enter(Level::fit);
    }

    /// An epoch with these figures; training loss and rmse as the validation loss.
    void epoch(Callback& callback, double valid_loss, double accuracy = 0) {
        state.epoch = static_cast<int64_t>(state.records.epochs.size());
        state.records.epochs.push_back({.epoch = state.epoch,
                                        .train_loss = valid_loss,
                                        .valid_loss = valid_loss,
                                        .metrics = {valid_loss, accuracy}});
        callback.after_epoch(state);
    }

    /// Whether the event at hand asked to leave `level`, which is entered before it.
    template <class Callable>
    bool leaves(Level level, Callable&& send) {
        state.enter(level);
        send();
        return state.leave(level);
    }

    std::unique_ptr<Optimizer> optimizer;
    TrainingState state;
};

/// A group of float parameters with these gradients, named p0, p1, …
inline ParameterGroup group_with_gradients(const std::vector<at::Tensor>& gradients) {
    ParameterGroup group;
    for (const auto& gradient : gradients) {
        const auto parameter = torch::zeros_like(gradient).requires_grad_();
        parameter.mutable_grad() = gradient.clone();
        group.parameters.push_back({.name = concat("p", group.parameters.size()), .tensor = parameter});
    }
    return group;
}

}  // namespace embark::testing
