#include "plain_collab.h"

#include <cmath>
#include <numbers>

#include <torch/torch.h>

namespace embark::bench {

namespace {

torch::nn::Embedding embedding(int64_t rows, int64_t width) {
    torch::nn::Embedding layer(rows, width);
    torch::nn::init::normal_(layer->weight, 0, 0.01);
    return layer;
}

double cosine(double start, double end, double progress) {
    return start + (1 + std::cos(std::numbers::pi * (1 - progress))) * (end - start) / 2;
}

/// Up or down from `start` to `middle` in the first quarter, then to `end`.
double one_cycle(double start, double middle, double end, double progress) {
    constexpr double kTurn = 0.25;
    return progress < kTurn ? cosine(start, middle, progress / kTurn)
                            : cosine(middle, end, (progress - kTurn) / (1 - kTurn));
}

}  // namespace

RatingNetImpl::RatingNetImpl(int64_t n_users, int64_t n_items, int64_t n_factors, double low, double high)
    : low_(low), high_(high) {
    user_factors_ = register_module("user_factors", embedding(n_users, n_factors));
    user_bias_ = register_module("user_bias", embedding(n_users, 1));
    item_factors_ = register_module("item_factors", embedding(n_items, n_factors));
    item_bias_ = register_module("item_bias", embedding(n_items, 1));
}

torch::Tensor RatingNetImpl::forward(const torch::Tensor& x) {
    const auto users = x.select(1, 0), items = x.select(1, 1);
    const auto dot = (user_factors_(users) * item_factors_(items)).sum(/*dim=*/1, /*keepdim=*/true);
    return torch::sigmoid(dot + user_bias_(users) + item_bias_(items)) * (high_ - low_) + low_;
}

PlainLoop::PlainLoop(RatingNet model, torch::Tensor x, torch::Tensor y, int64_t batch_size, double weight_decay)
    : model_(std::move(model)),
      x_(std::move(x)),
      y_(std::move(y)),
      batch_size_(batch_size),
      weight_decay_(weight_decay),
      parameters_(model_->parameters()) {
    for (const auto& parameter : parameters_) {
        averages_.push_back(torch::zeros_like(parameter));
        square_averages_.push_back(torch::zeros_like(parameter));
        steps_.push_back(torch::zeros({}));
    }
}

void PlainLoop::fit_one_cycle(int64_t n_epoch, double lr_max) {
    model_->train();
    const int64_t n_iter = x_.size(0) / batch_size_;
    int64_t seen = 0;
    double average = 0;
    for (int64_t epoch = 0; epoch < n_epoch; ++epoch) {
        const auto permutation = torch::randperm(x_.size(0));
        for (int64_t i = 0; i < n_iter; ++i, ++seen) {
            const auto rows = permutation.narrow(0, i * batch_size_, batch_size_);
            const auto x = x_.index_select(0, rows), y = y_.index_select(0, rows);
            const auto loss = torch::mse_loss(model_(x), y);
            loss.backward();
            const double progress = static_cast<double>(seen) / static_cast<double>(n_epoch * n_iter);
            step(one_cycle(lr_max / 25, lr_max, lr_max / 1e5, progress), one_cycle(0.95, 0.85, 0.95, progress));
            model_->zero_grad();
            average = 0.98 * average + 0.02 * loss.item<double>();
        }
    }
    train_loss_ = average / (1 - std::pow(0.98, static_cast<double>(seen)));
}

void PlainLoop::step(double lr, double momentum) {
    torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> gradients;
    for (const auto& parameter : parameters_) gradients.push_back(parameter.grad());
    at::_foreach_add_(steps_, 1);
    at::_fused_adamw_(parameters_, gradients, averages_, square_averages_, /*max_exp_avg_sqs=*/{}, steps_, lr, momentum,
                      /*beta2=*/0.99, weight_decay_, /*eps=*/1e-5, /*amsgrad=*/false, /*maximize=*/false);
}

double PlainLoop::validate(const torch::Tensor& x, const torch::Tensor& y) {
    torch::NoGradGuard no_grad;
    model_->eval();
    return torch::mse_loss(model_(x), y).item<double>();
}

}  // namespace embark::bench
