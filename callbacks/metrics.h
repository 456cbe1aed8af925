#pragma once

#include <functional>
#include <memory>
#include <string>

#include "../core/tensors.h"
#include "records.h"

namespace embark {

/// A figure of merit over the validation part.
class Metric {
public:
    using Function = std::function<at::Tensor(const at::Tensor& predictions, const at::Tensor& targets)>;
    /// How values of several batches become one.
    enum class Over {
        batches,  ///< the mean over batches, weighted by their size
        all,      ///< computed once over all predictions
    };

    Metric(std::string name, Direction direction, Over over, Function function);

    const std::string& name() const { return name_; }
    Direction direction() const { return direction_; }

    void reset();
    /// Takes in the raw outputs and targets of one batch; the first of each where there are several.
    void accumulate(const Tensors& predictions, const Tensors& targets);
    /// The value over all that was accumulated; NaN where nothing was.
    double value() const;

private:
    std::string name_;
    Direction direction_;
    Over over_;
    Function function_;
    double total_ = 0;
    int64_t rows_ = 0;
    Tensors predictions_, targets_;
};

/// Mean over batches of `function(predictions, targets)`, weighted by batch size.
Metric avg_metric(std::string name, Direction direction, Metric::Function function);

/// √ of the mean squared error over all predictions.
Metric rmse();
/// Mean absolute error.
Metric mae();
/// Share of rows whose largest output is that of the target's class.
Metric accuracy();

}  // namespace embark
