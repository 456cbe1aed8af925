#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../../core/tensors.h"
#include "loss_module.h"

namespace embark {

struct WeightedLoss;

/// Whether a loss is averaged over all values or given for each row.
enum class Reduction {
    mean,  ///< one number, the mean over all values; over their weights where classes are weighted
    none,  ///< (n): one number a row, the mean over the row's values, whatever other rows are in the batch
};

/// A loss of predictions against targets, with what turns the model's raw output into predictions a person reads: the
/// activation (softmax after cross-entropy) and the decoding (argmax).
class Loss {
public:
    /// A scalar tensor for Reduction::mean, (n) for Reduction::none, of all outputs and targets of a batch.
    using Function = std::function<at::Tensor(const Tensors& predictions, const Tensors& targets, Reduction)>;
    /// What an output, or a prediction, becomes; empty: it stays as it is.
    using Transform = std::function<at::Tensor(const at::Tensor&)>;

    /// No loss; training with it is an Error.
    Loss() = default;
    /// A loss that gives both reductions, of any number of outputs and targets.
    Loss(std::string name, PlainFunction<Function> function, Transform activation = {}, Transform decode = {});

    /// A loss of the user's own on one output and one target, which gives the mean:
    /// `Loss("huber", [](auto& p, auto& y) { return torch::huber_loss(p, y); })`.
    Loss(std::string name,
         PlainFunction<std::function<at::Tensor(const at::Tensor& prediction, const at::Tensor& target)>> mean);

    /// A loss module of LibTorch's as it is, or a module of the user's own whose forward takes an output and a target
    /// and gives the mean: `Loss("huber", torch::nn::HuberLoss())`. Predictions are the model's raw outputs: it knows
    /// no activation. Throws UsageError for a null module, and where its reduction is not the mean: batches are put
    /// together by their means. The loss throws Error where the module would broadcast, as (n, 1) against (n).
    template <class Impl>
    Loss(std::string name, const torch::nn::ModuleHolder<Impl>& module)
        : Loss(std::move(name), LossModule(module.is_empty() ? std::shared_ptr<Impl>() : module.ptr())) {}

    /// The same loss, of a model whose classes are dimension `axis` of its (first) output, and not the last one, as in
    /// the segmentation of pictures: `cross_entropy_loss_flat().along_axis(1)` of (n, classes, h, w) against (n, h, w).
    /// Throws UsageError for a sum of losses, each of which can have an axis of its own.
    Loss along_axis(int64_t axis) const;

    /// The same loss with the batch's inputs in the place of its targets, output by output: for data that have none,
    /// `mse_loss_flat().of_inputs()` of an autoencoder. A function that compares rows with one another, as a
    /// contrastive loss does, is given as a Function: rows that are taken one by one have nothing to compare with.
    Loss of_inputs() const;
    /// Whether outputs are compared with inputs rather than targets.
    bool is_of_inputs() const { return of_inputs_; }
    /// What of a batch it compares the outputs with.
    const Tensors& compared(const Tensors& inputs, const Tensors& targets) const {
        return of_inputs_ ? inputs : targets;
    }

    /// What a batch's targets count where its mean and those of others are averaged to the mean over all their rows.
    using Weight = std::function<double(const Tensors& targets)>;
    /// The same loss, whose mean over a batch divides by `weight` of the targets rather than by the number of rows, as
    /// that of a cross-entropy with class weights does: then gradient accumulation and several processes get the loss
    /// of the large batch.
    Loss with_weight(Weight weight) const;

    /// The same loss, whose predictions of output `output` are decoded by `decode`: the labels of a row by other
    /// thresholds.
    Loss with_decode(Transform decode, size_t output = 0) const;

    /// The same loss, which says what it was told: a fit is resumed with the same alone.
    Loss with_settings(std::string settings) const;
    /// What it was told; empty: nothing.
    const std::string& settings() const { return settings_; }

    /// Whether there is a loss.
    explicit operator bool() const { return static_cast<bool>(function_); }
    /// Its name in tables and messages.
    const std::string& name() const { return name_; }
    /// Whether both were made by the same function of the library, whatever settings they were given.
    bool same_kind(const Loss& other) const {
        return of_inputs_ == other.of_inputs_ && function_.target_type() == other.function_.target_type();
    }

    /// The loss as a scalar tensor (Reduction::mean) or of shape (n). Throws Error where shapes cannot agree, and where
    /// the function gives another shape than it was asked for.
    at::Tensor operator()(const Tensors& predictions, const Tensors& targets,
                          Reduction reduction = Reduction::mean) const;

    /// What its mean over a batch divides by, in rows: the number of rows, unless with_weight() says otherwise. Throws
    /// Error for a sum of losses that divide by different numbers, of which batches cannot be put together.
    double weight(const Tensors& targets) const;
    /// Whether that may be another number than that of the rows.
    bool has_weight() const { return static_cast<bool>(weight_); }

    /// Raw output -> predictions: probabilities for the cross-entropies, unchanged for MSE and L1. A sum of losses does
    /// what its first loss does.
    at::Tensor activation(const at::Tensor& output) const;
    /// Predictions -> what is shown: the class for cross-entropy, p > 0.5 for BCE, unchanged for MSE and L1. A sum of
    /// losses does what its first loss does.
    at::Tensor decode(const at::Tensor& prediction) const;

    /// The activation for all outputs of a model: a sum of losses treats each as the loss of that output does, any
    /// other loss treats the first. Outputs that no loss looks at stay as they are.
    Tensors activation(const Tensors& outputs) const;
    /// The decoding for all outputs of a model, likewise.
    Tensors decode(const Tensors& predictions) const;

private:
    friend Loss sum_loss(std::vector<WeightedLoss> parts);
    friend Loss members_loss(Loss loss);

    Loss(std::string name, LossModule module);
    void require_targets(const Tensors& targets) const;
    void check_shape(const at::Tensor& value, const at::Tensor& target, Reduction reduction) const;

    std::string name_, settings_;
    Function function_;
    Weight weight_;
    Transform activation_, decode_;
    bool of_inputs_ = false;
    std::vector<Loss> further_;  // of a sum of losses: those of the second output, the third, …
};

/// A loss and how much it counts in a sum.
struct WeightedLoss {
    Loss loss;          ///< of one output and its target
    double weight = 1;  ///< how much it counts
};

/// The weighted sum of losses over a model's several outputs and targets, each loss of its own output and target:
/// `sum_loss({{mse_loss_flat(), 1.0}, {cross_entropy_loss_flat(), 0.5}})`. Reduction::none gives the weighted sum for
/// each row. Throws UsageError without losses or where a weight is not finite, and Error where there are not as many
/// outputs and targets as losses.
Loss sum_loss(std::vector<WeightedLoss> parts);

/// The loss that trains an ensemble, such as a TabularModel with members: each member's predictions, of (n, members,
/// size), are scored by `loss` against the same targets, and the result is the mean over members, (n) with
/// Reduction::none. Predictions of other than three dimensions, as in validation, are those of the whole ensemble, and
/// go to `loss` as they are. Name, activation and decoding are those of `loss`. It may be a sum of losses or a part of
/// one. Throws UsageError without a loss, and Error where outputs have different numbers of members.
Loss members_loss(Loss loss);

}  // namespace embark
