#include "example_runs.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>

#include "../../../core/error.h"

namespace embark::onnx {

namespace {

using torch::jit::Node;

/// A value in one run; a list made of what its elements are by now.
c10::IValue value_in(const TracedValue& value, size_t run) {
    const c10::IValue& seen = value.seen.at(run);
    if (value.elements.empty()) return seen;
    std::vector<c10::IValue> elements;
    for (const TracedValue& element : value.elements) elements.push_back(value_in(element, run));
    if (seen.isTuple()) return c10::ivalue::Tuple::create(std::move(elements));
    c10::impl::GenericList list(seen.toList().elementType());
    for (c10::IValue& element : elements) list.push_back(std::move(element));
    return list;
}

std::vector<c10::IValue> run_once(const Node& node, const std::vector<TracedValue>& inputs, size_t run) {
    const auto written = written_argument(node);
    torch::jit::Stack stack;
    for (size_t i = 0; i < inputs.size(); ++i) {
        const c10::IValue value = value_in(inputs[i], run);
        stack.push_back(written == i ? c10::IValue(value.toTensor().clone()) : value);
    }
    node.getOperation()(stack);
    return stack;
}

bool same_in_all_runs(const std::vector<TracedValue>& inputs) {
    return std::none_of(inputs.begin(), inputs.end(), [](const TracedValue& input) { return input.in_graph(); });
}

/// Gives a list that was seen its elements.
void add_elements(TracedValue& list) {
    if (!list.seen.front().isList()) return;
    const size_t n_elements = list.seen.front().toListRef().size();
    list.elements.resize(n_elements);
    for (const c10::IValue& seen : list.seen) {
        require(seen.toListRef().size() == n_elements, "it makes as many tensors as follow from the batch");
        for (size_t i = 0; i < n_elements; ++i) list.elements[i].seen.push_back(seen.toListRef()[i]);
    }
}

void require_same_kind(const TracedValue& value) {
    for (const c10::IValue& seen : value.seen) {
        if (!value.is_tensor() || !seen.isTensor()) continue;
        require(seen.toTensor().dim() == value.n_dims() && seen.toTensor().scalar_type() == value.type(),
                "its result has ", value.n_dims(), " dimensions for some numbers of rows and ", seen.toTensor().dim(),
                " for others");
    }
}

/// A packed sequence is padded again to the longest row of the batch, which says nothing about the next: that size must
/// not count as a fixed one. So one run is given a step more.
void vary_padded_length(const std::vector<TracedValue>& inputs, TracedValue& padded) {
    const bool batch_first = inputs.at(2).seen.front().toBool();
    const bool is_fixed = !inputs.at(4).in_graph() && inputs.at(4).seen.front().toInt() > 0;
    const int64_t time = batch_first ? 1 : 0;
    if (is_fixed || padded.seen.size() < 2 || padded.size(time) == kFree) return;
    std::vector<int64_t> padding(static_cast<size_t>(2 * (padded.n_dims() - time)), 0);
    padding.back() = 1;
    const at::Tensor& tensor = padded.seen[1].toTensor();
    padded.seen[1] = at::constant_pad_nd(tensor, padding, inputs.at(3).seen.front().toScalar());
}

/// The same for the number of steps as the packed sequence itself tells it.
void vary_number_of_steps(TracedValue& number) {
    if (number.seen.size() < 2 || !number.seen[0].isInt() || number.seen[0] != number.seen[1]) return;
    number.seen[1] = number.seen[1].toInt() + 1;
}

const at::Tensor* tensor_in(const TracedValue& value, size_t run) {
    const c10::IValue& seen = value.seen.at(run);
    if (!seen.isTensor() || !seen.toTensor().defined() || !seen.toTensor().has_storage()) return nullptr;
    return &seen.toTensor();
}

bool same_storage(const at::Tensor& a, const at::Tensor& b) {
    return a.storage().unsafeGetStorageImpl() == b.storage().unsafeGetStorageImpl();
}

/// Whether two views of a storage have elements in common; the halves that chunk makes have none.
bool overlap(const at::Tensor& a, const at::Tensor& b) {
    if (a.scalar_type() != b.scalar_type()) return true;
    const auto n_elements = static_cast<int64_t>(a.storage().nbytes() / a.element_size());
    const at::Tensor is_of_a = at::zeros({n_elements}, at::kBool);
    is_of_a.as_strided(a.sizes(), a.strides(), a.storage_offset()).fill_(true);
    return is_of_a.as_strided(b.sizes(), b.strides(), b.storage_offset()).any().item<bool>();
}

}  // namespace

void take_constant_for_number(const Node& node, std::vector<TracedValue>& inputs) {
    static const std::set<std::string_view> kOperators = {"aten::add", "aten::sub", "aten::mul", "aten::div"};
    if (!kOperators.contains(node.kind().toQualString()) || node.inputs()[1]->node()->kind() != c10::prim::Constant)
        return;
    TracedValue& other = inputs[1];
    if (!inputs[0].is_tensor() || !other.is_tensor() || other.n_dims() > 0) return;
    const at::Tensor number = other.example().clone();
    number.unsafeGetTensorImpl()->set_wrapped_number(true);
    other.seen.assign(other.seen.size(), number);
}

std::vector<TracedValue> run_on_examples(const Node& node, const std::vector<TracedValue>& inputs) {
    std::vector<TracedValue> results(node.outputs().size());
    const size_t n_runs = inputs.empty() ? 1 : inputs.front().seen.size();
    const bool constant = same_in_all_runs(inputs);
    std::vector<c10::IValue> outputs;
    for (size_t run = 0; run < n_runs; ++run) {
        if (run == 0 || !constant) outputs = run_once(node, inputs, run);
        for (size_t i = 0; i < results.size(); ++i) results[i].seen.push_back(outputs.at(i));
    }
    if (node.kind().toQualString() == std::string("aten::_pad_packed_sequence") && !constant) {
        vary_padded_length(inputs, results.front());
    }
    if (node.kind() == c10::aten::size && !inputs.front().lengths.empty()) vary_number_of_steps(results.front());
    for (TracedValue& result : results) {
        require_same_kind(result);
        add_elements(result);
        for (const TracedValue& element : result.elements) require_same_kind(element);
    }
    return results;
}

TracedValue list_on_examples(const Node& node, std::vector<TracedValue> elements) {
    TracedValue made;
    const size_t n_runs = elements.empty() ? 0 : elements.front().seen.size();
    const c10::TypePtr type = node.output()->type();
    for (size_t run = 0; run < n_runs; ++run) {
        std::vector<c10::IValue> values;
        for (const TracedValue& element : elements) values.push_back(value_in(element, run));
        if (const auto list_type = type->cast<c10::ListType>()) {
            c10::impl::GenericList list(list_type->getElementType());
            for (c10::IValue& value : values) list.push_back(std::move(value));
            made.seen.emplace_back(std::move(list));
        } else {
            made.seen.emplace_back(c10::ivalue::Tuple::create(std::move(values)));
        }
    }
    made.elements = std::move(elements);
    return made;
}

std::optional<size_t> written_argument(const Node& node) {
    const c10::FunctionSchema* schema = node.maybeSchema();
    if (!schema || !schema->is_mutable()) return std::nullopt;
    std::optional<size_t> written;
    for (size_t i = 0; i < schema->arguments().size(); ++i) {
        const c10::AliasInfo* alias = schema->arguments()[i].alias_info();
        if (!alias || !alias->isWrite()) continue;
        require(!written, "it writes into more than one tensor");
        written = i;
    }
    require(written == 0 && node.outputs().size() == 1 && node.inputs()[0]->type()->kind() == c10::TypeKind::TensorType,
            "it writes into a tensor that is not its first");
    return written;
}

bool share_elements(const TracedValue& a, const TracedValue& b) {
    for (size_t run = 0; run < std::min(a.seen.size(), b.seen.size()); ++run) {
        const at::Tensor *x = tensor_in(a, run), *y = tensor_in(b, run);
        if (x && y && same_storage(*x, *y) && overlap(*x, *y)) return true;
    }
    return false;
}

bool same_elements(const TracedValue& a, const TracedValue& b) {
    for (size_t run = 0; run < std::min(a.seen.size(), b.seen.size()); ++run) {
        const at::Tensor *x = tensor_in(a, run), *y = tensor_in(b, run);
        if (!x || !y || !same_storage(*x, *y)) return false;
        if (x->storage_offset() != y->storage_offset() || x->sizes() != y->sizes()) return false;
        // A dimension of one element may have any stride.
        for (int64_t dim = 0; dim < x->dim(); ++dim) {
            if (x->size(dim) > 1 && x->stride(dim) != y->stride(dim)) return false;
        }
    }
    return true;
}

}  // namespace embark::onnx
