#include "loss.h"

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

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

}  // namespace embark
