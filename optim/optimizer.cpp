#include "optimizer.h"

#include <set>

#include <torch/types.h>

#include "../core/error.h"
#include "../core/text.h"

namespace embark {

Optimizer::Optimizer(std::vector<ParameterGroup> groups, const HyperParameters& defaults) : groups_(std::move(groups)) {
    require(!groups_.empty(), "An optimizer needs at least one group of parameters");
    std::set<const void*> seen;
    for (auto& group : groups_) {
        group.hyper.insert(defaults.begin(), defaults.end());
        for (const auto& parameter : group.parameters) {
            const bool is_new = seen.insert(parameter.tensor.unsafeGetTensorImpl()).second;
            require(is_new, "The tensor of '", parameter.name, "' is among the optimizer's parameters twice");
        }
    }
}

Optimizer::~Optimizer() = default;

void Optimizer::zero_grad() {
    for (const auto& group : groups_) {
        for (const auto& parameter : group.parameters) parameter.tensor.mutable_grad().reset();
    }
}

void Optimizer::step_rows(std::span<const RowGradient>) {
    fail("This optimizer takes no gradients by rows");
}

void Optimizer::update_lazily() {
    fail<UsageError>("This optimizer has no lazy update of embeddings; adam(), adagrad() and sgd() have one");
}

void Optimizer::set_hyper(const std::string& name, double value) {
    set_hyper(name, std::vector<double>(groups_.size(), value));
}

void Optimizer::set_hyper(const std::string& name, const std::vector<double>& values) {
    require(values.size() == groups_.size(), "Hyper-parameter '", name, "' was given ", values.size(), " values for ",
            groups_.size(), " parameter groups: it needs one for each");
    hyper(name);  // throws for a name that is not there
    for (size_t i = 0; i < groups_.size(); ++i) groups_[i].hyper[name] = values[i];
    hyper_changed(name);
}

double Optimizer::hyper(const std::string& name) const {
    const auto found = groups_.back().hyper.find(name);
    if (found != groups_.back().hyper.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [known, value] : groups_.back().hyper) names.push_back(known);
    fail("The optimizer has no hyper-parameter '", name, "'", name_hint(name, names));
}

double Optimizer::weight_decay(size_t group, const Parameter& parameter) const {
    if (parameter.weight_decay) return *parameter.weight_decay;
    const auto& hyper = groups_.at(group).hyper;
    const auto found = hyper.find("wd");
    return parameter.decay && found != hyper.end() ? found->second : 0;
}

bool Optimizer::has_hyper(const std::string& name) const {
    return groups_.back().hyper.contains(name);
}

void Optimizer::hyper_changed(const std::string&) {}

}  // namespace embark
