#include "class_axis.h"

#include <algorithm>
#include <vector>

#include "../../../core/error.h"

namespace embark {

namespace {

/// The sizes but for that of dimension `left_out`, and those of 1.
std::vector<int64_t> places(at::IntArrayRef sizes, size_t left_out) {
    std::vector<int64_t> found;
    for (size_t i = 0; i < sizes.size(); ++i) {
        if (i != left_out && sizes[i] != 1) found.push_back(sizes[i]);
    }
    return found;
}

}  // namespace

at::Tensor axis_last(const at::Tensor& output, int64_t axis) {
    require(-output.dim() <= axis && axis < output.dim(), "The axis ", axis, " is not one of predictions of shape ",
            output.sizes());
    return output.movedim(axis, -1);
}

bool has_classes_last(const at::Tensor& logits, const at::Tensor& targets) {
    const auto of_logits = places(logits.sizes(), static_cast<size_t>(logits.dim() - 1));
    const auto of_targets = places(targets.sizes(), static_cast<size_t>(targets.dim()));
    return of_logits.size() <= 1 || of_targets.size() <= 1 || of_logits == of_targets;
}

std::string along_axis_hint(const at::Tensor& logits, const at::Tensor& targets) {
    const auto wanted = places(targets.sizes(), static_cast<size_t>(targets.dim()));
    for (int64_t axis = 1; axis + 1 < logits.dim(); ++axis) {
        if (places(logits.sizes(), static_cast<size_t>(axis)) == wanted)
            return concat("; where dimension ", axis, " is the classes, add .along_axis(", axis, ")");
    }
    return {};
}

}  // namespace embark
