#pragma once

#include <vector>

#include <torch/nn.h>

namespace embark::bench {

/// DotProductBias as one writes it with LibTorch alone.
class RatingNetImpl : public torch::nn::Module {
public:
    RatingNetImpl(int64_t n_users, int64_t n_items, int64_t n_factors, double low, double high);
    /// x: (n, 2) int64 of user and item -> (n, 1).
    torch::Tensor forward(const torch::Tensor& x);

private:
    double low_, high_;
    torch::nn::Embedding user_factors_{nullptr}, user_bias_{nullptr}, item_factors_{nullptr}, item_bias_{nullptr};
};
TORCH_MODULE(RatingNet);

/// A training loop as one writes it with LibTorch alone: a permutation an epoch, a batch by index_select, MSE, fused
/// AdamW, one-cycle for learning rate and momentum, and a running average of the loss. The yardstick for what a Learner
/// costs.
class PlainLoop {
public:
    /// Trains `model` on rows of x and y, the last short batch left out.
    PlainLoop(RatingNet model, torch::Tensor x, torch::Tensor y, int64_t batch_size, double weight_decay);

    /// Trains with one-cycle; later calls go on with the optimizer's state.
    void fit_one_cycle(int64_t n_epoch, double lr_max);

    /// Mean squared error over rows of x and y.
    double validate(const torch::Tensor& x, const torch::Tensor& y);

    /// Running average of the losses of the last fit.
    double train_loss() const { return train_loss_; }

private:
    void step(double lr, double momentum);

    RatingNet model_;
    torch::Tensor x_, y_;
    int64_t batch_size_;
    double weight_decay_;
    std::vector<torch::Tensor> parameters_, averages_, square_averages_, steps_;
    double train_loss_ = 0;
};

}  // namespace embark::bench
