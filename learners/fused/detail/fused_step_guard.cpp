#include "fused_step_guard.h"

#include <algorithm>

#include <ATen/OpaqueTensorImpl.h>
#include <torch/torch.h>

#include "../../../core/error.h"

namespace embark {

namespace {

[[noreturn]] void refuse(const char* what) {
    fail("A callback ", what,
         " in a fused step, which computes gradients without autograd and leaves none in the parameters: let the "
         "callback's needs_autograd() return true, or give the Learner .fused_step = false");
}

/// A tensor like `parameter` that no operation works on: there is no backend of its kind in LibTorch's own builds, and
/// for this one all operations are refused, those that mix it with a tensor of the CPU too.
at::Tensor unreadable(const at::Tensor& parameter) {
    return at::detail::make_tensor<at::OpaqueTensorImpl<int>>(
        c10::DispatchKeySet(c10::DispatchKey::XLA), parameter.dtype(), at::Device(at::kXLA), 0, parameter.sizes());
}

/// How often the tensor was changed by now.
int64_t version_of(const at::Tensor& tensor) {
    return tensor.is_inference() ? 0 : static_cast<int64_t>(tensor._version());
}

bool has_hooks(const at::Tensor& parameter) {
    using namespace torch::autograd::impl;
    if (!hooks(parameter).empty() || post_acc_grad_hooks(parameter)) return true;
    const auto accumulator = try_get_grad_accumulator(parameter);
    return accumulator && !(accumulator->pre_hooks().empty() && accumulator->post_hooks().empty() &&
                            accumulator->tensor_pre_hooks().empty());
}

}  // namespace

bool is_plain_and_trained(const at::Tensor& table) {
    return table.is_cpu() && table.scalar_type() == at::kFloat && table.is_contiguous() && table.requires_grad();
}

FusedStepGuard::Seen::Seen(const at::Tensor& tensor_) : tensor(tensor_), version(version_of(tensor_)) {}

bool FusedStepGuard::Seen::is(const at::Tensor& now) const {
    return now.is_same(tensor) && version_of(now) == version;
}

FusedStepGuard::FusedStepGuard(std::vector<at::Tensor> parameters)
    : parameters_(std::move(parameters)), versions_(parameters_.size()) {
    for (const auto& parameter : parameters_) hidden_.push_back(unreadable(parameter));
}

bool FusedStepGuard::needs_autograd() const {
    return std::ranges::any_of(parameters_, [](const auto& parameter) {
        return !is_plain_and_trained(parameter) || parameter.grad().defined() || has_hooks(parameter);
    });
}

void FusedStepGuard::begin(const TrainingState& state) {
    targets_ = Seen(state.batch.targets.front());
    std::ranges::transform(parameters_, versions_.begin(), version_of);
}

void FusedStepGuard::check_predictions(const TrainingState& state) const {
    if (state.predictions.size() != 1 || !predictions_.is(state.predictions.front())) refuse("changed the predictions");
    const Batch& batch = state.batch;
    if (batch.weights.defined() || batch.targets.size() != 1 || !targets_.is(batch.targets.front()))
        refuse("changed the batch's targets or weights");
}

void FusedStepGuard::check_loss(const TrainingState& state) const {
    if (!loss_.is(state.loss)) refuse("changed the loss");
}

void FusedStepGuard::check_weights() const {
    if (!std::ranges::equal(parameters_, versions_, {}, version_of))
        refuse("changed the model's weights before the backward pass");
}

void FusedStepGuard::hide_gradients() {
    for (size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = hidden_[i];
}

void FusedStepGuard::check_gradients() const {
    for (size_t i = 0; i < parameters_.size(); ++i) {
        if (!parameters_[i].grad().is_same(hidden_[i])) refuse("changed a parameter's gradient");
    }
}

void FusedStepGuard::show_gradients() {
    for (const auto& parameter : parameters_) parameter.mutable_grad().reset();
}

bool FusedStepGuard::send(const std::function<bool()>& send) {
    try {
        return send();
    } catch (const c10::Error& error) {
        const std::string message = error.what_without_backtrace();
        for (const char* sign : {"XLA", "xla", "have storage", "opaque", "require grad"}) {
            if (message.find(sign) != std::string::npos) refuse("used autograd or a parameter's gradient");
        }
        throw;
    }
}

}  // namespace embark
