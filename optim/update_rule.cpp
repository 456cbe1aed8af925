#include "update_rule.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <tuple>

#include <torch/types.h>

#include "../core/detail/parallel.h"
#include "../core/error.h"
#include "detail/huge_pages.h"
#include "detail/state.h"

namespace embark {

namespace {

/// Numbers of touched rows that are worth a thread, and as how many the finding of a row counts.
constexpr int64_t kGrain = 1 << 15, kRow = 16;

double hyper_of(const HyperParameters& hypers, const std::string& name) {
    const auto found = hypers.find(name);
    if (found != hypers.end()) return found->second;
    fail("An update rule asks for the hyper-parameter '", name, "', which is not among its UpdateRule::hypers");
}

void check(const UpdateRule& rule) {
    require<UsageError>(!rule.name.empty() && rule.step, "An update rule needs a name and a step");
    std::set<std::string> names = {"step"};
    for (const auto& name : rule.state) {
        require<UsageError>(!name.empty() && name.find('.') == std::string::npos && names.insert(name).second,
                            "The update rule ", rule.name, " cannot keep a state named '", name,
                            "': names are given once, have no point, and 'step' is the count of steps");
    }
}

/// Steps part by part, as an update rule says, and keeps each parameter's state by name.
class RuleOptimizer : public Optimizer {
public:
    RuleOptimizer(std::vector<ParameterGroup> groups, const UpdateRule& rule)
        : Optimizer(std::move(groups), rule.hypers), rule_(rule), states_(empty_states()) {}

    void step() override {
        torch::NoGradGuard no_grad;
        for (size_t g = 0; g < groups_.size(); ++g) step_group(g);
    }

    bool steps_rows() const override { return rule_.step_rows && (lazy_ || rule_.moves_untouched_rows); }
    void step_rows(std::span<const RowGradient> gradients) override;
    void update_lazily() override;

    std::map<std::string, at::Tensor> state() const override;
    void load_state(const std::map<std::string, at::Tensor>& state) override;

private:
    struct ParameterState {
        std::vector<at::Tensor> tensors;  // in the order of rule_.state; empty before the first step
        int64_t step = 0;
    };
    using States = std::vector<std::vector<ParameterState>>;  // by group and parameter

    States empty_states() const {
        States states;
        for (const auto& group : groups_) states.emplace_back(group.parameters.size());
        return states;
    }

    std::vector<at::Tensor> zeros(const at::Tensor& parameter) const {
        std::vector<at::Tensor> tensors;
        for (size_t k = 0; k < rule_.state.size(); ++k) {
            tensors.push_back(torch::zeros_like(parameter));
            if (lazy_) prefer_huge_pages(tensors.back());
        }
        return tensors;
    }

    void step_group(size_t g);
    void step_part(size_t g, std::span<const size_t> indices);
    void step_sparse(size_t g, size_t i);
    void step_rows_of(size_t g, size_t i, std::span<const int64_t> rows, const float* values);
    std::pair<size_t, size_t> place_of(const at::Tensor& parameter) const;

    UpdateRule rule_;
    States states_;
    bool lazy_ = false;
    // Kept for their memory alone.
    std::vector<size_t> order_;
    DenseUpdate part_;
};

void RuleOptimizer::step_group(size_t g) {
    const auto& parameters = groups_[g].parameters;
    order_.clear();
    for (size_t i = 0; i < parameters.size(); ++i) {
        const at::Tensor& gradient = parameters[i].tensor.grad();
        if (!gradient.defined()) continue;
        if (gradient.is_sparse()) {
            step_sparse(g, i);
        } else {
            order_.push_back(i);
        }
    }
    const auto kind = [&](size_t i) { return std::tuple(-weight_decay(g, parameters[i]), states_[g][i].step); };
    std::ranges::sort(order_, {}, [&](size_t i) { return std::tuple(kind(i), i); });

    for (auto first = order_.begin(); first != order_.end();) {
        const auto last = std::find_if(first, order_.end(), [&](size_t i) { return kind(i) != kind(*first); });
        step_part(g, {first, last});
        first = last;
    }
}

void RuleOptimizer::step_part(size_t g, std::span<const size_t> indices) {
    const auto& parameters = groups_[g].parameters;
    auto& states = states_[g];
    part_.clear();  // of what a step that threw has left
    part_.hypers = &groups_[g].hyper;
    part_.wd = weight_decay(g, parameters[indices.front()]);
    part_.step = states[indices.front()].step + (rule_.counts_steps ? 1 : 0);
    for (const size_t i : indices) {
        const at::Tensor& tensor = parameters[i].tensor;
        part_.parameters.push_back(tensor);
        part_.gradients.push_back(tensor.grad());
        if (states[i].tensors.empty()) states[i].tensors = zeros(tensor);
    }
    for (size_t k = 0; k < rule_.state.size(); ++k) {
        auto& tensors = part_.state[rule_.state[k]];
        for (const size_t i : indices) tensors.push_back(states[i].tensors[k]);
    }
    rule_.step(part_);
    for (const size_t i : indices) states[i].step = part_.step;
    part_.clear();
}

void RuleOptimizer::step_sparse(size_t g, size_t i) {
    const Parameter& parameter = groups_[g].parameters[i];
    require(lazy_, "The gradient of '", parameter.name, "' is sparse, and ", rule_.name,
            " takes dense ones alone unless updates are lazy: make its embedding without sparse(true), or train with "
            "embedding_update = lazy");
    const at::Tensor gradient = parameter.tensor.grad().coalesce();
    const at::Tensor rows = gradient.indices()[0].contiguous(), values = gradient.values().contiguous();
    step_rows_of(g, i, {rows.const_data_ptr<int64_t>(), static_cast<size_t>(rows.numel())},
                 values.const_data_ptr<float>());
}

void RuleOptimizer::step_rows(std::span<const RowGradient> gradients) {
    require(steps_rows(), rule_.name, " takes gradients by rows only where updates are lazy");
    torch::NoGradGuard no_grad;
    for (const auto& gradient : gradients) {
        const auto [g, i] = place_of(gradient.parameter);
        step_rows_of(g, i, gradient.rows, gradient.values.data());
    }
}

void RuleOptimizer::step_rows_of(size_t g, size_t i, std::span<const int64_t> rows, const float* values) {
    const Parameter& parameter = groups_[g].parameters[i];
    const at::Tensor& tensor = parameter.tensor;
    require(tensor.dim() == 2 && tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous(),
            "The rows of '", parameter.name,
            "' cannot be moved one by one: that needs (rows, width) in float32 on the CPU");
    ParameterState& state = states_[g][i];
    if (state.tensors.empty()) state.tensors = zeros(tensor);
    if (rule_.counts_steps) ++state.step;
    const RowUpdate part{.parameter = tensor,
                         .rows = rows,
                         .gradients = {values, rows.size() * static_cast<size_t>(tensor.size(1))},
                         .state = state.tensors,
                         .step = state.step,
                         .wd = weight_decay(g, parameter),
                         .hypers = groups_[g].hyper,
                         .lazy = lazy_};
    if (!lazy_) return rule_.step_rows(part);
    // Rows move apart from one another, so that the numbers do not depend on how many threads share them.
    const auto width = static_cast<size_t>(tensor.size(1));
    parallel_for(std::ssize(rows), std::max<int64_t>(1, kGrain / (tensor.size(1) + kRow)),
                 [&](int64_t begin, int64_t end) {
                     const auto first = static_cast<size_t>(begin), count = static_cast<size_t>(end - begin);
                     RowUpdate some = part;
                     some.rows = part.rows.subspan(first, count);
                     some.gradients = part.gradients.subspan(first * width, count * width);
                     rule_.step_rows(some);
                 });
}

std::pair<size_t, size_t> RuleOptimizer::place_of(const at::Tensor& parameter) const {
    for (size_t g = 0; g < groups_.size(); ++g) {
        for (size_t i = 0; i < groups_[g].parameters.size(); ++i) {
            if (groups_[g].parameters[i].tensor.is_same(parameter)) return {g, i};
        }
    }
    fail("A gradient by rows was given for a parameter that the optimizer does not have");
}

void RuleOptimizer::update_lazily() {
    require<UsageError>(static_cast<bool>(rule_.step_rows), rule_.name,
                        " has no lazy update of embeddings; adam(), adagrad() and sgd() have one");
    lazy_ = true;
    // Rows of large tables are touched at random from now on.
    for (const auto& group : groups_) {
        for (const auto& parameter : group.parameters) prefer_huge_pages(parameter.tensor);
    }
}

std::map<std::string, at::Tensor> RuleOptimizer::state() const {
    std::map<std::string, at::Tensor> state;
    for (size_t g = 0; g < groups_.size(); ++g) {
        for (size_t i = 0; i < groups_[g].parameters.size(); ++i) {
            const std::string prefix = groups_[g].parameters[i].name + ".";
            const auto& [tensors, step] = states_[g][i];
            if (tensors.empty()) continue;
            for (size_t k = 0; k < tensors.size(); ++k) state[prefix + rule_.state[k]] = tensors[k];
            if (rule_.counts_steps) state[prefix + "step"] = torch::tensor(step);
        }
    }
    return state;
}

void RuleOptimizer::load_state(const std::map<std::string, at::Tensor>& state) {
    auto parts = rule_.state;
    if (rule_.counts_steps) parts.emplace_back("step");
    StateReader reader(rule_.name, state);
    States loaded = empty_states();
    for (size_t g = 0; g < groups_.size(); ++g) {
        for (size_t i = 0; i < groups_[g].parameters.size(); ++i) {
            const auto& name = groups_[g].parameters[i].name;
            const auto& tensor = groups_[g].parameters[i].tensor;
            // A parameter that never had a gradient has no state.
            if (!reader.has_any(name, parts)) continue;
            for (const auto& what : rule_.state) {
                loaded[g][i].tensors.push_back(reader.take(name + "." + what, tensor.sizes(), tensor.options()));
                if (lazy_) prefer_huge_pages(loaded[g][i].tensors.back());
            }
            if (rule_.counts_steps) loaded[g][i].step = reader.take_count(name + ".step");
        }
    }
    reader.finish();
    states_ = std::move(loaded);
}

}  // namespace

OptimizerFactory optimizer_of(UpdateRule rule) {
    check(rule);
    rule.hypers.try_emplace("lr", 1e-3);
    return [rule = std::move(rule)](std::vector<ParameterGroup> groups) {
        return std::make_unique<RuleOptimizer>(std::move(groups), rule);
    };
}

void add_momentum(UpdateRule& rule, double momentum) {
    if (momentum == 0) return;
    rule.hypers["mom"] = momentum;
    rule.state.emplace_back("grad_avg");
}

bool has_momentum(const DenseUpdate& part) {
    return part.state.contains("grad_avg");
}

double DenseUpdate::hyper(const std::string& name) const {
    return hyper_of(*hypers, name);
}

double RowUpdate::hyper(const std::string& name) const {
    return hyper_of(hypers, name);
}

void DenseUpdate::clear() {
    parameters.clear();
    gradients.clear();
    for (auto& [name, tensors] : state) tensors.clear();
}

void decay_weights(DenseUpdate& part, bool decouple) {
    if (part.wd == 0) return;
    if (decouple) {
        at::_foreach_mul_(part.parameters, 1 - part.hyper("lr") * part.wd);
    } else {
        part.gradients = at::_foreach_add(part.gradients, part.parameters, part.wd);
    }
}

void average_grad(DenseUpdate& part, bool dampening) {
    const double mom = part.hyper("mom");
    auto& grad_avg = part.state.at("grad_avg");
    at::_foreach_mul_(grad_avg, mom);
    at::_foreach_add_(grad_avg, part.gradients, dampening ? 1 - mom : 1.0);
}

void average_sqr_grad(DenseUpdate& part) {
    const double sqr_mom = part.hyper("sqr_mom");
    auto& sqr_avg = part.state.at("sqr_avg");
    at::_foreach_mul_(sqr_avg, sqr_mom);
    at::_foreach_addcmul_(sqr_avg, part.gradients, part.gradients, 1 - sqr_mom);
}

double debias(double momentum, int64_t step) {
    return 1 - std::pow(momentum, static_cast<double>(step));
}

std::vector<at::Tensor> debiased_rms(const DenseUpdate& part) {
    auto rms = at::_foreach_div(part.state.at("sqr_avg"), debias(part.hyper("sqr_mom"), part.step));
    at::_foreach_sqrt_(rms);
    at::_foreach_add_(rms, part.hyper("eps"));
    return rms;
}

}  // namespace embark
