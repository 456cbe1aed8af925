#include "class_weights.h"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "../../../core/error.h"
#include "../../../core/text.h"

namespace embark {

std::string join_settings(std::vector<std::string> parts) {
    std::erase(parts, "");
    return join(parts);
}

ClassWeights::ClassWeights(std::string what, std::vector<double> weights)
    : what_(std::move(what)), weights_(std::move(weights)) {
    for (const double weight : weights_) {
        require<UsageError>(std::isfinite(weight) && weight >= 0, "Invalid ", what_, ": ", weight,
                            "; it must be a finite number and not negative");
    }
}

at::Tensor ClassWeights::beside(const at::Tensor& predictions) const {
    if (empty()) return {};
    return torch::tensor(weights_, at::kDouble).to(predictions.device(), predictions.scalar_type());
}

at::Tensor ClassWeights::of_classes(int64_t classes, const at::Tensor& predictions) const {
    require(empty() || static_cast<int64_t>(size()) == classes, "The ", what_, " needs a number for each of ", classes,
            " classes, and has ", size());
    return beside(predictions);
}

std::string ClassWeights::text() const {
    std::vector<std::string> weights;
    for (const double weight : weights_) weights.push_back(concat(weight));
    return weights.empty() ? "" : concat(what_, " ", join(weights));
}

double weight_of_classes(const ClassWeights& weight, int64_t ignored, const at::Tensor& target) {
    if (target.numel() == 0) return 0;
    const auto y = target.reshape(-1);
    auto counted = y.ne(ignored).to(at::kDouble);
    if (!weight.empty()) {
        // Of a class that there is not the loss itself will speak.
        const auto classes = y.to(at::kLong).clamp(0, static_cast<int64_t>(weight.size()) - 1);
        counted = counted * weight.beside(counted).index_select(0, classes);
    }
    return counted.sum().item<double>() * static_cast<double>(target.size(0)) / static_cast<double>(target.numel());
}

}  // namespace embark
