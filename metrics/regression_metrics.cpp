#include "regression_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <torch/types.h>

#include "../core/error.h"
#include "detail/metric_inputs.h"
#include "detail/ranks.h"

namespace embark {

namespace {

using PerValue = at::Tensor (*)(const at::Tensor& p, const at::Tensor& y);

/// The mean of a function of each prediction and target.
Metric::Function mean_of(PerValue per_value) {
    return [per_value](const at::Tensor& predictions, const at::Tensor& targets) {
        const auto [p, y] = flat_values(predictions, targets);
        return per_value(p, y).mean();
    };
}

Metric mean_over_batches(std::string name, PerValue per_value) {
    return avg_metric(std::move(name), Direction::lower_is_better, mean_of(per_value));
}

/// The root of a mean. It would come out the same from means over batches, but all at once it costs a batch nothing.
Metric root_of_mean(std::string name, PerValue per_value) {
    return {std::move(name), Direction::lower_is_better, Metric::Over::all, mean_of(per_value),
            [](double mean) { return std::sqrt(mean); }};
}

/// A function of all predictions and all targets, of which larger values are better; `reason` says why it is undefined.
Metric over_all_values(std::string name, double (*statistic)(const at::Tensor& p, const at::Tensor& y),
                       Metric::Reason reason = {}) {
    const auto function = [statistic](const at::Tensor& predictions, const at::Tensor& targets) {
        const auto [p, y] = flat_values(predictions, targets);
        return at::scalar_tensor(statistic(p, y), at::kDouble);
    };
    return {std::move(name), Direction::higher_is_better, Metric::Over::all, function, {}, std::move(reason)};
}

at::Tensor squared_error(const at::Tensor& p, const at::Tensor& y) {
    return (p - y).square();
}

bool constant(const at::Tensor& x) {
    return x.min().equal(x.max());
}

/// Σ(x − x̄)². Of equal values it is 0, which their rounded mean would not always give.
double squares_about_mean(const at::Tensor& x) {
    return constant(x) ? 0 : (x - x.mean()).square().sum().item<double>();
}

/// 1 − unexplained / total, with scikit-learn's values for a total of 0.
double share_explained(double unexplained, double total) {
    if (total != 0 || std::isnan(unexplained)) return 1 - unexplained / total;
    return unexplained == 0 ? 1 : 0;
}

double correlation(const at::Tensor& p, const at::Tensor& y) {
    if (constant(p) || constant(y)) return kUndefined;
    const auto a = p - p.mean(), b = y - y.mean();
    // Rounding may go a little beyond ±1.
    return std::clamp((a / a.norm()).dot(b / b.norm()).item<double>(), -1.0, 1.0);
}

std::string why_uncorrelated(const at::Tensor& predictions, const at::Tensor& targets) {
    const char* equal = constant(targets) ? "targets" : constant(predictions) ? "predictions" : nullptr;
    return equal ? concat("all ", targets.numel(), " ", equal, " are equal") : std::string();
}

}  // namespace

Metric mse() {
    return mean_over_batches("mse", squared_error);
}

Metric rmse() {
    return root_of_mean("rmse", squared_error);
}

Metric mae() {
    return mean_over_batches("mae", [](const at::Tensor& p, const at::Tensor& y) { return (p - y).abs(); });
}

Metric mape() {
    return mean_over_batches("mape", [](const at::Tensor& p, const at::Tensor& y) {
        return (p - y).abs() / y.abs().clamp_min(std::numeric_limits<double>::epsilon());
    });
}

Metric msle() {
    return mean_over_batches(
        "msle", [](const at::Tensor& p, const at::Tensor& y) { return squared_error(p.log1p(), y.log1p()); });
}

Metric exp_rmspe() {
    // (eʸ − eᵖ) / eʸ = 1 − eᵖ⁻ʸ, which does not overflow where eʸ does.
    return root_of_mean("exp_rmspe", [](const at::Tensor& p, const at::Tensor& y) { return (p - y).expm1().square(); });
}

Metric r2_score() {
    return over_all_values("r2_score", [](const at::Tensor& p, const at::Tensor& y) {
        if (y.numel() < 2) return kUndefined;
        return share_explained(squared_error(p, y).sum().item<double>(), squares_about_mean(y));
    }, [](const at::Tensor&, const at::Tensor& y) {
        return y.numel() < 2 ? std::string("it needs two rows, and there is one") : std::string();
    });
}

Metric explained_variance() {
    return over_all_values("explained_variance", [](const at::Tensor& p, const at::Tensor& y) {
        return share_explained(squares_about_mean(y - p), squares_about_mean(y));
    });
}

Metric pearson_corrcoef() {
    return over_all_values("pearson_corrcoef", correlation, why_uncorrelated);
}

Metric spearman_corrcoef() {
    return over_all_values("spearman_corrcoef", [](const at::Tensor& p, const at::Tensor& y) {
        if (p.isnan().any().item<bool>() || y.isnan().any().item<bool>()) return kUndefined;
        return correlation(average_ranks(p), average_ranks(y));
    }, why_uncorrelated);
}

}  // namespace embark
