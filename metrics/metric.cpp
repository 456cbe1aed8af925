#include "metric.h"

#include <cmath>
#include <limits>

#include <torch/types.h>

#include "../core/error.h"
#include "../distributed/detail/gather_batches.h"
#include "../distributed/strategy.h"
#include "../modules/losses/detail/class_axis.h"

namespace embark {

namespace {

at::Tensor joined_on_cpu(const Tensors& parts) {
    Tensors moved;
    for (const auto& part : parts) moved.push_back(part.to(at::kCPU));
    return torch::cat(moved);
}

}  // namespace

Metric::Metric(std::string name, Direction direction, Over over, Function function, Finish finish, Reason reason)
    : name_(std::move(name)),
      direction_(direction),
      over_(over),
      function_(std::move(function)),
      finish_(std::move(finish)),
      reason_(std::move(reason)) {}

Metric Metric::on(size_t output, std::string name) const {
    Metric chosen = *this;
    chosen.reset();
    chosen.output_ = output;
    chosen.name_ = name.empty() ? name_ + "_" + std::to_string(output) : std::move(name);
    return chosen;
}

Metric Metric::transformed(const Transform& of_predictions, const Transform& of_targets) const {
    Metric changed = *this;
    changed.reset();
    const auto with_both = [&](auto function) {
        return [=](const at::Tensor& predictions, const at::Tensor& targets) {
            return function(of_predictions(predictions), of_targets(targets));
        };
    };
    changed.function_ = with_both(function_);
    if (reason_) changed.reason_ = with_both(reason_);
    return changed;
}

Metric Metric::in_units(Transform transform) const {
    return transformed(transform, transform);
}

Metric Metric::along_axis(int64_t axis) const {
    return transformed([axis](const at::Tensor& predictions) { return axis_last(predictions, axis); },
                       [](const at::Tensor& targets) { return targets; });
}

Metric Metric::of_inputs() const {
    Metric changed = *this;
    changed.reset();
    changed.of_inputs_ = true;
    return changed;
}

void Metric::reset() {
    total_.reset();
    rows_ = 0;
    predictions_.clear();
    targets_.clear();
}

void Metric::accumulate(const Tensors& predictions, const Tensors& targets) {
    require(output_ < predictions.size() && output_ < targets.size(), "The metric ", name_, " needs output ", output_,
            " and ", of_inputs_ ? "input " : "target ", output_, ", counted from 0: the model gave ",
            predictions.size(), ", the batch has ", targets.size(),
            targets.empty() ? "; a metric beside the inputs is made by of_inputs(): rmse().of_inputs()" : "");
    const auto prediction = predictions[output_].detach(), target = targets[output_].detach();
    const int64_t rows = target.size(0);
    if (rows == 0) return;  // a mean over nothing would make everything NaN
    rows_ += rows;
    if (over_ == Over::all) {
        predictions_.push_back(prediction);
        targets_.push_back(target);
        return;
    }
    // The total stays on the device: to ask for the value of each batch would make the program wait for it.
    const auto share = call(prediction, target).to(at::kDouble) * rows;
    total_ = total_.defined() ? total_ + share : share;
}

void Metric::gather(Strategy& strategy) {
    if (strategy.decides_alone()) return;
    auto sums = at::zeros({2}, at::kDouble);
    if (total_.defined()) sums[0] = total_;
    sums[1] = static_cast<double>(rows_);
    strategy.all_reduce(sums);
    rows_ = static_cast<int64_t>(sums[1].item<double>());
    if (over_ == Over::batches) {
        total_ = sums[0];
        return;
    }
    predictions_ = gather_batches(strategy, predictions_);
    targets_ = gather_batches(strategy, targets_);
}

double Metric::value() const {
    if (rows_ == 0) return std::numeric_limits<double>::quiet_NaN();
    const double value = over_ == Over::batches
                             ? total_.item<double>() / static_cast<double>(rows_)
                             : call(joined_on_cpu(predictions_), joined_on_cpu(targets_)).item<double>();
    return finish_ ? finish_(value) : value;
}

std::string Metric::undefined_because() const {
    if (rows_ == 0) return "there were no rows";
    if (!std::isnan(value())) return {};
    if (over_ == Over::batches) return "a prediction is not finite, or is not one that the metric is defined for";
    const at::Tensor predictions = joined_on_cpu(predictions_), targets = joined_on_cpu(targets_);
    if (!predictions.isfinite().all().item<bool>()) return "a prediction is not finite";
    const std::string reason = reason_ ? reason_(predictions, targets) : std::string();
    return reason.empty() ? "it is not defined for these predictions and targets" : reason;
}

at::Tensor Metric::call(const at::Tensor& predictions, const at::Tensor& targets) const {
    try {
        const auto value = function_(predictions, targets);
        require(value.numel() == 1, "its function gave a tensor of shape ", value.sizes(), " rather than one number");
        return value;
    } catch (const Error& error) {
        fail("The metric ", name_, " cannot be computed: ", error.what());
    } catch (const c10::Error& error) {
        fail("The metric ", name_, " cannot be computed from predictions of shape ", predictions.sizes(),
             " and targets of shape ", targets.sizes(), ": ", error.what_without_backtrace());
    }
}

Metric avg_metric(std::string name, Direction direction, Metric::Function function, Metric::Finish finish) {
    return {std::move(name), direction, Metric::Over::batches, std::move(function), std::move(finish)};
}

}  // namespace embark
