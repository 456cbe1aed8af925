#include "loss.h"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "../../core/error.h"
#include "detail/class_axis.h"
#include "detail/class_weights.h"

namespace embark {

namespace {

at::Tensor weighted_sum(const std::vector<WeightedLoss>& parts, const Tensors& predictions, const Tensors& targets,
                        Reduction reduction) {
    at::Tensor total;
    for (size_t i = 0; i < parts.size(); ++i) {
        auto value = parts[i].loss({predictions[i]}, {targets[i]}, reduction);
        if (parts[i].weight != 1) value = value * parts[i].weight;
        total = total.defined() ? total + value : value;
    }
    return total;
}

/// What all of the losses divide by.
double common_weight(const std::string& name, const std::vector<WeightedLoss>& parts, const Tensors& targets) {
    require(targets.size() == parts.size(), "The ", name, " loss needs a target for each of its losses, ", parts.size(),
            ": the batch has ", targets.size());
    const double first = parts.front().loss.weight({targets.front()});
    for (size_t i = 1; i < parts.size(); ++i) {
        const double other = parts[i].loss.weight({targets[i]});
        require(std::abs(other - first) <= 1e-9 * std::abs(first), "The ", parts.front().loss.name(), " and the ",
                parts[i].loss.name(), " loss of a sum divide by different weights of a batch, ", first, " and ", other,
                ", so that it cannot be put together from parts: leave out class weights and ignore_index, or gradient "
                "accumulation and other processes");
    }
    return first;
}

/// Each row's own mean, of a batch of it alone.
at::Tensor row_by_row(const LossModule::Call& mean, const at::Tensor& prediction, const at::Tensor& target) {
    Tensors losses;
    for (int64_t row = 0; row < target.size(0); ++row) {
        losses.push_back(mean(prediction.narrow(0, row, 1), target.narrow(0, row, 1)));
    }
    return torch::stack(losses);
}

/// Throws Error where LibTorch would compare each value with many: both sides have as many values in another form, or
/// the targets are not classes, which alone may have other shapes.
void require_no_broadcast(const std::string& name, const at::Tensor& prediction, const at::Tensor& target) {
    const bool broadcasts = target.is_floating_point() || prediction.numel() == target.numel();
    require(prediction.sizes() == target.sizes() || !broadcasts, "The ", name,
            " loss, a module that takes both as they are, cannot compare predictions of shape ", prediction.sizes(),
            " with targets of shape ", target.sizes(), ": give both one shape");
}

/// How many members' predictions there are, 0 where they are the whole ensemble's.
int64_t members_of(const Tensors& predictions, const std::string& loss) {
    int64_t members = 0;
    for (const auto& prediction : predictions) {
        if (prediction.dim() != 3) continue;
        require(members == 0 || prediction.size(1) == members, "The ", loss,
                " loss of an ensemble needs as many members in each output: the model gave ", members, " and ",
                prediction.size(1));
        members = prediction.size(1);
    }
    return members;
}

/// The predictions of each member.
std::vector<Tensors> by_member(const Tensors& predictions, int64_t members) {
    std::vector<Tensors> result(static_cast<size_t>(members));
    for (const auto& prediction : predictions) {
        const bool split = prediction.dim() == 3;
        const Tensors parts = split ? prediction.unbind(1) : Tensors(result.size(), prediction);
        for (size_t i = 0; i < result.size(); ++i) result[i].push_back(parts[i]);
    }
    return result;
}

}  // namespace

Loss::Loss(std::string name, PlainFunction<Function> function, Transform activation, Transform decode)
    : name_(std::move(name)),
      function_(std::move(function.function)),
      activation_(std::move(activation)),
      decode_(std::move(decode)) {}

Loss::Loss(std::string name, PlainFunction<std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>> given)
    : Loss(std::move(name),
           [mean = std::move(given.function)](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
               if (reduction == Reduction::mean) return mean(predictions.front(), targets.front());
               return row_by_row(mean, predictions.front(), targets.front());
           }) {}

Loss::Loss(std::string name, LossModule module)
    : Loss(name, [name, module](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
          const at::Tensor &p = predictions.front(), &y = targets.front();
          if (module.values) require_no_broadcast(name, p, y);  // one of the user's own may know what to do
          if (reduction == Reduction::mean) return module.mean(p, y);
          if (!module.values) return row_by_row(module.mean, p, y);
          return module.values(p, y).reshape({y.size(0), -1}).mean(/*dim=*/1);
      }) {
    settings_ = module.text;
    if (!module.ignore_index) return;
    std::vector<double> of_classes;
    if (module.class_weights.defined()) {
        const at::Tensor given = module.class_weights.to(at::kCPU, at::kDouble).contiguous();
        of_classes.assign(given.const_data_ptr<double>(), given.const_data_ptr<double>() + given.numel());
    }
    const ClassWeights weight("weight of the " + name_ + " loss", std::move(of_classes));
    settings_ = join_settings({settings_, weight.text(), concat("ignore_index ", *module.ignore_index)});
    weight_ = [weight, ignored = *module.ignore_index](const Tensors& targets) {
        const at::Tensor& y = targets.front();
        // Probabilities of classes, of which PyTorch takes the mean over rows.
        return y.is_floating_point() ? static_cast<double>(y.size(0)) : weight_of_classes(weight, ignored, y);
    };
}

Loss Loss::along_axis(int64_t axis) const {
    require<UsageError>(further_.empty(),
                        "A sum of losses has no axis: give each loss its own, as in "
                        "sum_loss({{cross_entropy_loss_flat().along_axis(1)}, {mse_loss_flat()}})");
    Loss along = *this;
    along.function_ = [function = function_, axis](const Tensors& predictions, const Tensors& targets,
                                                   Reduction reduction) {
        Tensors moved = predictions;
        moved.front() = axis_last(moved.front(), axis);
        return function(moved, targets, reduction);
    };
    const auto moved_back = [axis](const Transform& transform) -> Transform {
        if (!transform) return {};
        return [transform, axis](const at::Tensor& output) {
            const at::Tensor result = transform(axis_last(output, axis));
            return result.dim() == output.dim() ? result.movedim(-1, axis) : result;  // else the classes are decoded
        };
    };
    along.activation_ = moved_back(activation_);
    along.decode_ = moved_back(decode_);
    along.settings_ = join_settings({settings_, concat("axis ", axis)});
    return along;
}

Loss Loss::of_inputs() const {
    Loss loss = *this;
    loss.of_inputs_ = true;
    loss.settings_ = join_settings({settings_, "of the inputs"});
    return loss;
}

void Loss::require_targets(const Tensors& targets) const {
    require(!targets.empty(), "The ", name_,
            " loss needs a target, and the batch has none; a loss with the inputs in "
            "their place, as an autoencoder's, is made by of_inputs(): mse_loss_flat().of_inputs()");
}

at::Tensor Loss::operator()(const Tensors& predictions, const Tensors& targets, Reduction reduction) const {
    require(static_cast<bool>(function_), "The learner has no loss: give one, as in {.loss = mse_loss_flat()}");
    require(!predictions.empty(), "The ", name_, " loss needs a prediction, and the model gave none");
    require_targets(targets);
    const auto value = function_(predictions, targets, reduction);
    check_shape(value, targets.front(), reduction);
    return value;
}

void Loss::check_shape(const at::Tensor& value, const at::Tensor& target, Reduction reduction) const {
    require(value.defined(), "The ", name_, " loss gave no tensor");
    if (reduction == Reduction::mean) {
        if (value.numel() == 1) return;
        fail("The ", name_, " loss gave a tensor of shape ", value.sizes(),
             " where it was asked for the mean: one number");
    }
    const int64_t rows = target.dim() == 0 ? 1 : target.size(0);
    if (value.dim() == 1 && value.size(0) == rows) return;
    fail("The ", name_, " loss gave a tensor of shape ", value.sizes(), " where it was asked for each row's own loss ",
         "(Reduction::none): it must give one number a row, [", rows,
         "]; a function that knows the mean alone is given ", "as Loss(name, function of a prediction and a target)");
}

Loss Loss::with_weight(Weight weight) const {
    Loss weighted = *this;
    weighted.weight_ = std::move(weight);
    return weighted;
}

Loss Loss::with_decode(Transform decode, size_t output) const {
    require<UsageError>(output <= further_.size(), "The ", name_, " loss decodes ", 1 + further_.size(),
                        " outputs, and there is none of number ", output, ", counted from 0");
    Loss decoded = *this;
    (output == 0 ? decoded : decoded.further_[output - 1]).decode_ = std::move(decode);
    return decoded;
}

Loss Loss::with_settings(std::string settings) const {
    Loss told = *this;
    told.settings_ = std::move(settings);
    return told;
}

double Loss::weight(const Tensors& targets) const {
    require_targets(targets);
    return weight_ ? weight_(targets) : static_cast<double>(targets.front().size(0));
}

at::Tensor Loss::activation(const at::Tensor& output) const {
    return activation_ ? activation_(output) : output;
}

at::Tensor Loss::decode(const at::Tensor& prediction) const {
    return decode_ ? decode_(prediction) : prediction;
}

Tensors Loss::activation(const Tensors& outputs) const {
    Tensors predictions = outputs;
    for (size_t i = 0; i < std::min(outputs.size(), 1 + further_.size()); ++i) {
        predictions[i] = (i == 0 ? *this : further_[i - 1]).activation(outputs[i]);
    }
    return predictions;
}

Tensors Loss::decode(const Tensors& predictions) const {
    Tensors decoded = predictions;
    for (size_t i = 0; i < std::min(predictions.size(), 1 + further_.size()); ++i) {
        decoded[i] = (i == 0 ? *this : further_[i - 1]).decode(predictions[i]);
    }
    return decoded;
}

Loss sum_loss(std::vector<WeightedLoss> parts) {
    require<UsageError>(!parts.empty(), "A sum of losses needs at least one loss");
    std::string name;
    for (const auto& [loss, weight] : parts) {
        require<UsageError>(static_cast<bool>(loss), "A sum of losses was given an empty Loss");
        require<UsageError>(!loss.of_inputs_,
                            "A part of a sum of losses cannot be of_inputs() by itself: make it of the sum, "
                            "sum_loss({…}).of_inputs()");
        require<UsageError>(std::isfinite(weight), "Invalid weight of the ", loss.name(), " loss in a sum: ", weight,
                            "; it must be a finite number");
        name += (name.empty() ? "" : "+") + loss.name();
    }
    const auto function = [name, parts](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
        require(predictions.size() == parts.size() && targets.size() == parts.size(), "The ", name,
                " loss needs an output and a target for each of its losses, ", parts.size(),
                " of both: the model gave ", predictions.size(), ", the batch has ", targets.size());
        return weighted_sum(parts, predictions, targets, reduction);
    };
    Loss sum(name, function, parts.front().loss.activation_, parts.front().loss.decode_);
    for (const auto& [loss, weight] : parts) {
        sum.settings_ += concat(sum.settings_.empty() ? "" : "; ", weight, " of ", loss.name());
        if (!loss.settings().empty()) sum.settings_ += concat(" (", loss.settings(), ")");
    }
    bool any_weight = false;
    for (size_t i = 0; i < parts.size(); ++i) {
        any_weight = any_weight || parts[i].loss.has_weight();
        if (i > 0) sum.further_.push_back(parts[i].loss);
    }
    if (any_weight) sum.weight_ = [name, parts](const Tensors& targets) { return common_weight(name, parts, targets); };
    return sum;
}

Loss members_loss(Loss loss) {
    require<UsageError>(static_cast<bool>(loss), "members_loss was given an empty Loss");
    Loss result = loss;
    result.function_ = [loss](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
        const int64_t members = members_of(predictions, loss.name());
        if (members == 0) return loss(predictions, targets, reduction);
        Tensors values;
        for (const auto& member : by_member(predictions, members)) values.push_back(loss(member, targets, reduction));
        return torch::stack(values).mean(0);
    };
    return result;
}

}  // namespace embark
