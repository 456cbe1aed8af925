#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// What a loss was told, for Loss::with_settings: the parts that are not empty.
std::string join_settings(std::vector<std::string> parts);

/// Weights of classes or columns, as losses take them. They are brought to the predictions' device and precision at
/// each call: a loss may be shared by threads, so it keeps no tensor that changes.
class ClassWeights {
public:
    /// Throws UsageError, with `what` as their name, unless the weights are finite and not negative.
    ClassWeights(std::string what, std::vector<double> weights);

    /// "weight of the focal loss 1, 2"; empty where there are none.
    std::string text() const;
    bool empty() const { return weights_.empty(); }
    size_t size() const { return weights_.size(); }
    /// (size), beside `predictions`; an undefined tensor where there are no weights, which PyTorch's losses take as
    /// such.
    at::Tensor beside(const at::Tensor& predictions) const;
    /// The same; throws Error where there is not one for each of `classes`.
    at::Tensor of_classes(int64_t classes, const at::Tensor& predictions) const;

private:
    std::string what_;
    std::vector<double> weights_;
};

/// What the classes of a batch count, in rows: of a row's values the mean of their weights, ignored ones nothing.
double weight_of_classes(const ClassWeights& weight, int64_t ignored, const at::Tensor& target);

}  // namespace embark
