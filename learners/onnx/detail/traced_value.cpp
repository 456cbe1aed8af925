#include "traced_value.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../../core/error.h"

namespace embark::onnx {

bool TracedValue::in_graph() const {
    if (!name.empty() || is_missing) return true;
    return std::any_of(elements.begin(), elements.end(), [](const TracedValue& element) { return element.in_graph(); });
}

const at::Tensor& TracedValue::example() const {
    return seen.front().toTensor();
}

at::ScalarType TracedValue::type() const {
    const c10::IValue& value = seen.front();
    if (value.isTensor()) return value.toTensor().scalar_type();
    if (value.isInt()) return at::kLong;
    if (value.isBool()) return at::kBool;
    require(value.isDouble(), "it needs a number where there is a value of type ", value.tagKind());
    return at::kDouble;
}

int64_t TracedValue::n_dims() const {
    return is_tensor() ? example().dim() : 0;
}

std::vector<int64_t> TracedValue::sizes() const {
    if (!is_tensor()) return {};
    std::vector<int64_t> sizes = example().sizes().vec();
    for (const c10::IValue& value : seen) {
        for (size_t i = 0; i < sizes.size(); ++i) {
            if (value.toTensor().size(static_cast<int64_t>(i)) != sizes[i]) sizes[i] = kFree;
        }
    }
    return sizes;
}

int64_t TracedValue::size(int64_t dim) const {
    return sizes().at(static_cast<size_t>(from_front(dim, n_dims())));
}

int64_t TracedValue::numel() const {
    int64_t numel = 1;
    for (const int64_t size : sizes()) {
        if (size == kFree) return kFree;
        numel *= size;
    }
    return numel;
}

int64_t from_front(int64_t dim, int64_t rank) {
    return dim < 0 ? dim + std::max<int64_t>(rank, 1) : dim;
}

}  // namespace embark::onnx
