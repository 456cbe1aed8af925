#include "category_dropout.h"

#include <torch/types.h>

#include "../core/error.h"
#include "training_state.h"

namespace embark {

CategoryDropout::CategoryDropout(double share) : share_(share) {
    require<UsageError>(share >= 0 && share < 1, "Invalid share of categories to hide ", share,
                        ": it must be at least 0 and below 1");
}

std::string CategoryDropout::settings() const {
    return concat("share ", share_);
}

void CategoryDropout::before_batch(TrainingState& state) {
    if (!state.training || share_ == 0 || state.batch.inputs.empty()) return;
    at::Tensor& categories = state.batch.inputs.front();
    require(categories.scalar_type() == at::kLong, "hide_categories needs categories, int64, as the first input, not ",
            c10::toString(categories.scalar_type()));
    const auto hidden = torch::rand(categories.sizes(), categories.options().dtype(at::kFloat)).lt(share_);
    categories = categories.masked_fill(hidden, 0);
}

std::shared_ptr<CategoryDropout> category_dropout(double share) {
    return std::make_shared<CategoryDropout>(share);
}

}  // namespace embark
