#include "torch_optimizer.h"

#include <typeinfo>

#include <torch/torch.h>

#include "../core/error.h"
#include "detail/state.h"

namespace embark::detail {

namespace {

using torch::optim::OptimizerParamState;

constexpr const char* kUnknown =
    "The state of this optimizer of torch::optim is not known by name, so it cannot be saved or loaded: that needs "
    "SGD, Adam, AdamW, RMSprop or Adagrad, or an optimizer made of an UpdateRule";

/// Calls `visit(name, value)` with a reference to each part of one parameter's state; a part is a tensor or a count.
template <class Visit>
void visit_parts(OptimizerParamState& state, Visit visit) {
    if (auto* sgd = dynamic_cast<torch::optim::SGDParamState*>(&state)) {
        visit("momentum_buffer", sgd->momentum_buffer());
    } else if (auto* adam = dynamic_cast<torch::optim::AdamParamState*>(&state)) {
        visit("step", adam->step());
        visit("exp_avg", adam->exp_avg());
        visit("exp_avg_sq", adam->exp_avg_sq());
        visit("max_exp_avg_sq", adam->max_exp_avg_sq());
    } else if (auto* adamw = dynamic_cast<torch::optim::AdamWParamState*>(&state)) {
        visit("step", adamw->step());
        visit("exp_avg", adamw->exp_avg());
        visit("exp_avg_sq", adamw->exp_avg_sq());
        visit("max_exp_avg_sq", adamw->max_exp_avg_sq());
    } else if (auto* rmsprop = dynamic_cast<torch::optim::RMSpropParamState*>(&state)) {
        visit("step", rmsprop->step());
        visit("square_avg", rmsprop->square_avg());
        visit("momentum_buffer", rmsprop->momentum_buffer());
        visit("grad_avg", rmsprop->grad_avg());
    } else if (auto* adagrad = dynamic_cast<torch::optim::AdagradParamState*>(&state)) {
        visit("step", adagrad->step());
        visit("sum", adagrad->sum());
    } else {
        fail(kUnknown);
    }
}

/// An empty state of the kind that `optimizer` keeps for each parameter.
std::unique_ptr<OptimizerParamState> new_state(torch::optim::Optimizer& optimizer) {
    if (dynamic_cast<torch::optim::SGD*>(&optimizer)) return std::make_unique<torch::optim::SGDParamState>();
    if (dynamic_cast<torch::optim::Adam*>(&optimizer)) return std::make_unique<torch::optim::AdamParamState>();
    if (dynamic_cast<torch::optim::AdamW*>(&optimizer)) return std::make_unique<torch::optim::AdamWParamState>();
    if (dynamic_cast<torch::optim::RMSprop*>(&optimizer)) return std::make_unique<torch::optim::RMSpropParamState>();
    if (dynamic_cast<torch::optim::Adagrad*>(&optimizer)) return std::make_unique<torch::optim::AdagradParamState>();
    fail(kUnknown);
}

at::Tensor as_tensor(const at::Tensor& tensor) {
    return tensor;
}
at::Tensor as_tensor(int64_t count) {
    return torch::tensor(count);
}

/// Reads the parts that `state` has of one parameter.
struct PartLoader {
    StateReader& reader;
    const Parameter& parameter;

    void operator()(const char* part, at::Tensor& value) const {
        if (!reader.has_any(parameter.name, {part})) return;
        value = reader.take(parameter.name + "." + part, parameter.tensor.sizes(), parameter.tensor.options());
    }
    void operator()(const char* part, int64_t& value) const { value = reader.take_count(parameter.name + "." + part); }
};

}  // namespace

std::map<std::string, at::Tensor> torch_state(torch::optim::Optimizer& optimizer,
                                              const std::vector<ParameterGroup>& groups) {
    std::map<std::string, at::Tensor> all;
    for (const auto& group : groups) {
        for (const auto& parameter : group.parameters) {
            const auto found = optimizer.state().find(parameter.tensor.unsafeGetTensorImpl());
            if (found == optimizer.state().end()) continue;
            // What is saved must be what can be read back: another class may keep the state of one of these, or more.
            const auto& kept = *found->second;
            require(typeid(*new_state(optimizer)) == typeid(kept), kUnknown);
            visit_parts(*found->second, [&](const char* part, auto& value) {
                const at::Tensor tensor = as_tensor(value);
                if (tensor.defined()) all[parameter.name + "." + part] = tensor;
            });
        }
    }
    return all;
}

void load_torch_state(torch::optim::Optimizer& optimizer, const std::vector<ParameterGroup>& groups,
                      const std::map<std::string, at::Tensor>& state) {
    if (state.empty()) return optimizer.state().clear();
    StateReader reader("of torch::optim", state);
    std::vector<std::pair<void*, std::unique_ptr<OptimizerParamState>>> loaded;
    for (const auto& group : groups) {
        for (const auto& parameter : group.parameters) {
            auto fresh = new_state(optimizer);
            std::vector<std::string> parts;
            visit_parts(*fresh, [&](const char* part, auto&) { parts.emplace_back(part); });
            // A parameter that never had a gradient has no state.
            if (!reader.has_any(parameter.name, parts)) continue;
            visit_parts(*fresh, PartLoader{reader, parameter});
            loaded.emplace_back(parameter.tensor.unsafeGetTensorImpl(), std::move(fresh));
        }
    }
    reader.finish();
    optimizer.state().clear();
    for (auto& [key, parameter_state] : loaded) optimizer.state()[key] = std::move(parameter_state);
}

}  // namespace embark::detail
