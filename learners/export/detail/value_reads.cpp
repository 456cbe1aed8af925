#include "value_reads.h"

#include <functional>
#include <memory>
#include <set>
#include <string_view>

#include <ATen/record_function.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/torch.h>

#include "../../../core/error.h"
#include "trace_comparison.h"

namespace embark {

namespace {

namespace tracer = torch::jit::tracer;
using torch::jit::Node;
using torch::jit::Value;

/// Operators that give C++ a number or a bool that follows from elements. Some call others: the first one counts.
const std::set<std::string_view> kReading = {"aten::item", "aten::_local_scalar_dense", "aten::is_nonzero",
                                             "aten::equal"};

thread_local ValueReads* watching = nullptr;

/// `tensor` in the graph; null where the trace does not know it, and it is a constant therefore.
Value* traced_value(const at::Tensor& tensor) {
    const auto& state = tracer::getTracingState();
    return tensor.defined() && state->hasValue(tensor) ? state->getValue(tensor) : nullptr;
}

bool takes(const Node* node, const Value* value) {
    for (const Value* input : node->inputs()) {
        if (input == value) return true;
    }
    return false;
}

/// Whether `value` is a parameter of that name of some submodule, as a trace has it until it is complete.
bool is_parameter(const Value* value, const char* name) {
    const Node* node = value->node();
    return node->kind() == c10::prim::TracedAttr && node->s(c10::attr::scope).ends_with(concat(".", name));
}

/// How many sequences a packed one has, which is the number of rows, as torch::nn::LSTM reads it.
bool is_packed_rows(const Value* value) {
    const Node* select = value->node();
    if (select->kind() != c10::aten::select) return false;
    const Value* sizes = select->inputs()[0];
    const auto index = torch::jit::toIValue(select->inputs()[2]);
    return sizes->node()->kind().toQualString() == std::string_view("aten::_pack_padded_sequence") &&
           sizes->offset() == 1 && index && index->isInt() && index->toInt() == 0;
}

std::unique_ptr<at::ObserverContext> note_read(const at::RecordFunction& call) {
    // Inside an operator of the trace there is no tracing state: what it reads is its own affair.
    if (!watching || !tracer::isTracing() || !kReading.contains(call.name())) return nullptr;
    const auto inputs = call.inputs();
    if (inputs.empty() || !inputs[0].isTensor()) return nullptr;
    const bool has_other = inputs.size() > 1 && inputs[1].isTensor();
    watching->note(call.name(), inputs[0].toTensor(), has_other ? inputs[1].toTensor() : at::Tensor());
    return nullptr;
}

}  // namespace

ValueReads::ValueReads() {
    watching = this;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(&note_read).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

ValueReads::~ValueReads() {
    at::removeCallback(handle_);
    watching = nullptr;
}

void ValueReads::note(const std::string& operation, const at::Tensor& tensor, const at::Tensor& other) {
    const Value *value = traced_value(tensor), *other_value = traced_value(other);
    if ((value && follows_from_input(value)) || (other_value && follows_from_input(other_value))) {
        const Node* end = *tracer::getTracingState()->graph->nodes().end();
        reads_.push_back({operation, value, other_value, end->prev()});
        return;
    }
    if (tensor.numel() != 1 || tensor.is_complex()) return;
    const std::function<void()> resume_tracing = tracer::pauseTracing();
    constants_.push_back(tensor.detach().to(at::kDouble).item<double>());
    resume_tracing();
}

/// Whether torch::nn::MultiheadAttention asks whether its query, key and value are one tensor, to make their
/// projections together, which gives the same answer: it asks about its query and its key, then about its key and its
/// value, and goes on with its weights.
bool ValueReads::is_asked_by_attention(size_t read) const {
    const Read& asked = reads_[read];
    if (asked.operation != "aten::equal") return false;
    size_t first = read, last = read;
    while (first > 0 && reads_[first - 1].after == asked.after) --first;
    while (last + 1 < reads_.size() && reads_[last + 1].after == asked.after) ++last;
    const bool in_turn = last == first || (last == first + 1 && reads_[first].other == reads_[last].value);
    if (!in_turn || reads_[last].operation != "aten::equal") return false;

    bool takes_weights = false;
    for (const Node* node = asked.after->next(); node->kind() != c10::prim::Return; node = node->next()) {
        if (node->kind().is_prim()) continue;
        for (const Value* input : node->inputs()) {
            takes_weights = takes_weights || is_parameter(input, "in_proj_weight");
        }
        if (!takes_weights) return false;
        if (takes(node, reads_[first].value)) return true;
    }
    return false;
}

bool ValueReads::has_attention() const {
    for (size_t i = 0; i < reads_.size(); ++i) {
        if (is_asked_by_attention(i)) return true;
    }
    return false;
}

std::optional<std::string> ValueReads::objection() const {
    for (size_t i = 0; i < reads_.size(); ++i) {
        const Read& read = reads_[i];
        if (is_asked_by_attention(i) || (read.value && is_packed_rows(read.value))) continue;
        return concat(read.operation,
                      " takes a number out of a tensor that follows from the input, and the file would keep that "
                      "number and what is decided by it; stay with tensors there, and choose between two by "
                      "torch::where");
    }
    return std::nullopt;
}

}  // namespace embark
