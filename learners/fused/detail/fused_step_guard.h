#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "../../../callbacks/training_state.h"

namespace embark {

/// Whether plain loops can go through a parameter's numbers, and it is trained: float32, contiguous, on the CPU.
bool is_plain_and_trained(const at::Tensor& table);

/// Keeps callbacks from going wrong in silence in a step without autograd. Gradients and loss of such a step follow
/// from the batch and the weights alone: what callbacks change on the way, or look for in the parameters' gradients,
/// would be passed over. So it is an Error that says to ask for autograd (see Callback::needs_autograd). A parameter's
/// gradient is, while a callback could expect one, a tensor of its shape whose numbers cannot be read or changed.
class FusedStepGuard {
public:
    /// Of the parameters that the step moves.
    explicit FusedStepGuard(std::vector<at::Tensor> parameters);

    /// Whether the batch at hand must go through autograd: a parameter has hooks, or the gradient of a batch that was
    /// left early, or is frozen or moved by now.
    bool needs_autograd() const;

    /// Takes down weights and targets, as the step begins.
    void begin(const TrainingState& state);
    /// Takes down predictions, and the loss.
    void predicted(const TrainingState& state) { predictions_ = Seen(state.predictions.front()); }
    void scored(const TrainingState& state) { loss_ = Seen(state.loss); }

    /// Throws Error where predictions or targets, and the loss, and the weights, are others than were taken down.
    void check_predictions(const TrainingState& state) const;
    void check_loss(const TrainingState& state) const;
    void check_weights() const;

    /// From now on, until show_gradients(), the parameters' gradients cannot be read.
    void hide_gradients();
    void check_gradients() const;
    void show_gradients();

    /// Calls `send`, and turns what LibTorch throws where a callback uses a hidden gradient, or a graph that is not
    /// there, into an Error.
    static bool send(const std::function<bool()>& send);

private:
    /// A tensor, and how often it was changed by then.
    struct Seen {
        Seen() = default;
        explicit Seen(const at::Tensor& tensor);
        bool is(const at::Tensor& now) const;
        at::Tensor tensor;
        int64_t version = 0;
    };

    std::vector<at::Tensor> parameters_, hidden_;
    std::vector<int64_t> versions_;
    Seen targets_, predictions_, loss_;
};

}  // namespace embark
