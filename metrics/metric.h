#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "../callbacks/reporting/records.h"
#include "../core/tensors.h"

namespace embark {

class Strategy;

/// A figure of merit over the validation part, of the model's raw outputs (before the loss' activation).
class Metric {
public:
    /// A scalar tensor of one output's raw values and its targets.
    using Function = std::function<at::Tensor(const at::Tensor& predictions, const at::Tensor& targets)>;
    /// What a value becomes at the end, as √ makes an RMSE of a mean of squares.
    using Finish = std::function<double(double value)>;
    /// Why it is not defined for these predictions and targets, where it is not, as "only one class among the 20 rows".
    using Reason = std::function<std::string(const at::Tensor& predictions, const at::Tensor& targets)>;
    /// How values of several batches become one.
    enum class Over {
        batches,  ///< the mean over batches, weighted by their size
        all,      ///< computed once, on the CPU, over all predictions
    };

    /// `function` gives one number for the predictions and targets of a batch, or of all of them; `reason` says why that
    /// is NaN, for one over all.
    Metric(std::string name, Direction direction, Over over, Function function, Finish finish = {}, Reason reason = {});

    /// Its name in tables and messages.
    const std::string& name() const { return name_; }
    /// Which way it is better.
    Direction direction() const { return direction_; }

    /// The same metric of output `output` and target `output`, counted from 0, of a model with several; its name is
    /// NAME_OUTPUT, as in "accuracy_1", unless one is given. Without it, it is the first of each.
    Metric on(size_t output, std::string name = {}) const;
    /// The output that it looks at, counted from 0.
    size_t output() const { return output_; }

    /// What brings predictions and targets into other units.
    using Transform = std::function<at::Tensor(const at::Tensor&)>;
    /// The same metric of transformed predictions and targets, as an RMSE in the units of a target that is learned by
    /// its logarithm.
    Metric in_units(Transform transform) const;

    /// The same metric of a model whose classes are dimension `axis` of its output, and not the last one, as Loss has
    /// it: `accuracy().along_axis(1)` of (n, classes, h, w) against (n, h, w).
    Metric along_axis(int64_t axis) const;
    /// The same metric of outputs beside the batch's inputs, as Loss::of_inputs: the `rmse().of_inputs()` of an
    /// autoencoder.
    Metric of_inputs() const;
    /// Whether outputs are compared with inputs rather than targets.
    bool is_of_inputs() const { return of_inputs_; }

    /// Forgets what was accumulated, before another pass over the data.
    void reset();
    /// Takes in the raw outputs and targets of one batch. Throws Error where this metric's output or target is missing
    /// or it cannot be computed from them.
    void accumulate(const Tensors& predictions, const Tensors& targets);
    /// Takes in what this metric accumulated in the other processes too, of which number r of n had the batches r, r +
    /// n, r + 2n, …: the value is then that of one process that had them all.
    void gather(Strategy& strategy);
    /// The value over all that was accumulated; NaN where nothing was. Throws Error where it cannot be computed.
    double value() const;
    /// Why the value is NaN, in a few words; empty where it is a number.
    std::string undefined_because() const;

private:
    Metric transformed(const Transform& of_predictions, const Transform& of_targets) const;
    at::Tensor call(const at::Tensor& predictions, const at::Tensor& targets) const;

    std::string name_;
    Direction direction_;
    Over over_;
    Function function_;
    Finish finish_;
    Reason reason_;
    size_t output_ = 0;
    bool of_inputs_ = false;
    at::Tensor total_;  // of the batches' values, times their rows; float64
    int64_t rows_ = 0;
    Tensors predictions_, targets_;
};

/// Mean over batches of `function(predictions, targets)`, weighted by batch size; `finish` of that mean, where given.
Metric avg_metric(std::string name, Direction direction, Metric::Function function, Metric::Finish finish = {});

}  // namespace embark
