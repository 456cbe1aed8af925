#include "losses.h"

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

namespace F = torch::nn::functional;

namespace {

/// A loss of one output and one target, brought to one shape, from a function that gives a loss for each value.
template <class PerValue>
Loss elementwise_loss(std::string name, PerValue per_value, Loss::Transform activation = {},
                      Loss::Transform decode = {}) {
    auto function = [name, per_value](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
        const auto& prediction = predictions.front();
        const auto& target = targets.front();
        require(prediction.numel() == target.numel(), "The ", name, " loss cannot compare predictions of shape ",
                prediction.sizes(), " with targets of shape ", target.sizes(),
                ": it needs as many values on both sides");
        // A reshape costs a node of the graph at every step, so it is left out where both sides have one shape.
        const bool alike = prediction.sizes() == target.sizes();
        const auto y = (alike ? target : target.reshape(-1)).to(prediction.scalar_type());
        const auto p = alike ? prediction : prediction.reshape(-1);
        if (reduction == Reduction::mean) return per_value(p, y, at::Reduction::Mean);
        const auto losses = per_value(p, y, at::Reduction::None);
        return losses.reshape({target.size(0), -1}).mean(/*dim=*/1);
    };
    return Loss(std::move(name), std::move(function), std::move(activation), std::move(decode));
}

}  // namespace

Loss::Loss(std::string name, Function function, Transform activation, Transform decode)
    : name_(std::move(name)),
      function_(std::move(function)),
      activation_(std::move(activation)),
      decode_(std::move(decode)) {}

Loss::Loss(std::string name, std::function<at::Tensor(const at::Tensor&, const at::Tensor&)> mean)
    : Loss(std::move(name), [mean](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
          if (reduction == Reduction::mean) return mean(predictions.front(), targets.front());
          // A function of the user's own only gives the mean, so each row is a batch of its own.
          Tensors losses;
          for (int64_t row = 0; row < targets.front().size(0); ++row) {
              losses.push_back(mean(predictions.front().narrow(0, row, 1), targets.front().narrow(0, row, 1)));
          }
          return torch::stack(losses);
      }) {}

at::Tensor Loss::operator()(const Tensors& predictions, const Tensors& targets, Reduction reduction) const {
    require(static_cast<bool>(function_), "The learner has no loss: give one, as in {.loss = mse_loss_flat()}");
    require(!predictions.empty(), "The ", name_, " loss needs a prediction, and the model gave none");
    require(!targets.empty(), "The ", name_, " loss needs a target, and the batch has none");
    return function_(predictions, targets, reduction);
}

at::Tensor Loss::activation(const at::Tensor& output) const {
    return activation_ ? activation_(output) : output;
}

at::Tensor Loss::decode(const at::Tensor& prediction) const {
    return decode_ ? decode_(prediction) : prediction;
}

Loss mse_loss_flat() {
    return elementwise_loss("mse", [](const auto& p, const auto& y, int64_t how) { return at::mse_loss(p, y, how); });
}

Loss l1_loss_flat() {
    return elementwise_loss("l1", [](const auto& p, const auto& y, int64_t how) { return at::l1_loss(p, y, how); });
}

Loss bce_with_logits_loss_flat() {
    return elementwise_loss(
        "bce_with_logits",
        [](const auto& p, const auto& y, int64_t how) {
            return at::binary_cross_entropy_with_logits(p, y, {}, {}, how);
        },
        [](const at::Tensor& output) { return output.sigmoid(); },
        [](const at::Tensor& prediction) { return prediction > 0.5; });
}

Loss cross_entropy_loss_flat() {
    auto function = [](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
        const auto logits = predictions.front().reshape({-1, predictions.front().size(-1)});
        const auto y = targets.front().reshape(-1);
        require(logits.size(0) == y.size(0), "The cross_entropy loss cannot compare predictions of shape ",
                predictions.front().sizes(), " with targets of shape ", targets.front().sizes(),
                ": it needs a row of logits for each target");
        require(!y.is_floating_point(), "The cross_entropy loss needs whole numbers (int64 classes) as targets, not ",
                c10::toString(y.scalar_type()));
        if (reduction == Reduction::mean) return at::cross_entropy_loss(logits, y.to(at::kLong));
        return at::cross_entropy_loss(logits, y.to(at::kLong), {}, at::Reduction::None)
            .reshape({targets.front().size(0), -1})
            .mean(/*dim=*/1);
    };
    return Loss(
        "cross_entropy", function, [](const at::Tensor& output) { return output.softmax(-1); },
        [](const at::Tensor& prediction) { return prediction.argmax(-1); });
}

}  // namespace embark
