#include "metrics.h"

#include <limits>

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

Metric::Metric(std::string name, Direction direction, Over over, Function function)
    : name_(std::move(name)), direction_(direction), over_(over), function_(std::move(function)) {}

void Metric::reset() {
    total_ = 0;
    rows_ = 0;
    predictions_.clear();
    targets_.clear();
}

void Metric::accumulate(const Tensors& predictions, const Tensors& targets) {
    require(!predictions.empty() && !targets.empty(), "The metric ", name_, " needs predictions and targets");
    const int64_t rows = targets.front().size(0);
    rows_ += rows;
    if (over_ == Over::batches) {
        total_ += function_(predictions.front(), targets.front()).item<double>() * static_cast<double>(rows);
    } else {
        predictions_.push_back(predictions.front());
        targets_.push_back(targets.front());
    }
}

double Metric::value() const {
    if (rows_ == 0) return std::numeric_limits<double>::quiet_NaN();
    if (over_ == Over::batches) return total_ / static_cast<double>(rows_);
    return function_(torch::cat(predictions_), torch::cat(targets_)).item<double>();
}

Metric avg_metric(std::string name, Direction direction, Metric::Function function) {
    return {std::move(name), direction, Metric::Over::batches, std::move(function)};
}

Metric rmse() {
    return {"rmse", Direction::lower_is_better, Metric::Over::all, [](const at::Tensor& p, const at::Tensor& y) {
                return at::mse_loss(p.reshape(-1).to(at::kDouble), y.reshape(-1).to(at::kDouble)).sqrt();
            }};
}

Metric mae() {
    return avg_metric("mae", Direction::lower_is_better, [](const at::Tensor& p, const at::Tensor& y) {
        return at::l1_loss(p.reshape(-1), y.reshape(-1).to(p.scalar_type()));
    });
}

Metric accuracy() {
    return avg_metric("accuracy", Direction::higher_is_better, [](const at::Tensor& p, const at::Tensor& y) {
        return (p.argmax(-1).reshape(-1) == y.reshape(-1)).to(at::kDouble).mean();
    });
}

}  // namespace embark
