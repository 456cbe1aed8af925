#include "metrics.h"

#include <torch/torch.h>

namespace embark {

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
