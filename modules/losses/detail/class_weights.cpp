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

}  // namespace embark
