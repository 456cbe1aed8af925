#include "parameter_groups.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <torch/torch.h>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../../modules/detail/norm_layers.h"

namespace embark {

namespace {

/// A parameter, under its first name, and every name that it is registered under.
struct NamedParameter {
    Parameter parameter;
    std::vector<std::string> names;
};

void append(const torch::nn::Module& module, const std::string& prefix, bool wd_bn_bias,
            std::vector<NamedParameter>& parameters) {
    const bool norm = is_norm(module);
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
        const std::string name = prefix + item.key();
        const auto shared = std::ranges::find_if(
            parameters, [&](const auto& known) { return known.parameter.tensor.is_same(item.value()); });
        if (shared != parameters.end()) {
            shared->names.push_back(name);
            continue;
        }
        const bool decay = wd_bn_bias || (!norm && item.key() != "bias");
        parameters.push_back({{name, item.value(), decay, norm}, {name}});
    }
    for (const auto& child : module.named_children()) {
        append(*child.value(), prefix + child.key() + ".", wd_bn_bias, parameters);
    }
}

/// Whether `name` is that of the parameter or of a module around it.
bool covers(const std::string& name, const std::string& parameter) {
    return parameter == name || (parameter.starts_with(name) && parameter[name.size()] == '.');
}

/// Adds the names by which a parameter can be listed: those of every module around it, and its own.
void add_names(const std::string& name, std::set<std::string>& names) {
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
        names.insert(name.substr(0, dot));
    }
    names.insert(name);
}

std::vector<std::string> known_names(const std::vector<NamedParameter>& parameters) {
    std::set<std::string> names;
    for (const auto& parameter : parameters) {
        for (const auto& name : parameter.names) add_names(name, names);
    }
    return {names.begin(), names.end()};
}

void check_names(const std::vector<std::vector<std::string>>& groups, const std::vector<NamedParameter>& parameters) {
    const auto known = known_names(parameters);
    for (const auto& group : groups) {
        for (const auto& name : group) {
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                fail("param_groups names '", name, "', which is no module or parameter of the model",
                     name_hint(name, known));
            }
        }
    }
}

/// The group that lists `parameter` or a module around it, by the first of its names that any group lists; those that
/// none or several list are added to `problems`.
size_t group_of(const NamedParameter& parameter, const std::vector<std::vector<std::string>>& groups,
                std::vector<std::string>& problems) {
    for (const auto& own : parameter.names) {
        std::vector<size_t> found;
        for (size_t g = 0; g < groups.size(); ++g) {
            if (std::ranges::any_of(groups[g], [&](const auto& name) { return covers(name, own); })) found.push_back(g);
        }
        if (found.size() == 1) return found.front();
        if (found.empty()) continue;
        problems.push_back(own + " is in several");
        return 0;
    }
    problems.push_back(parameter.parameter.name + " is in none");
    return 0;
}

}  // namespace

void check_weight_decay(double weight_decay) {
    require<UsageError>(std::isfinite(weight_decay) && weight_decay >= 0, "Invalid weight decay ", weight_decay,
                        ": it must be a number of at least 0");
}

std::vector<ParameterGroup> parameter_groups(const torch::nn::Module& module,
                                             const std::vector<std::vector<std::string>>& names, bool wd_bn_bias) {
    std::vector<NamedParameter> parameters;
    append(module, "", wd_bn_bias, parameters);
    require(!parameters.empty(), "The model ", module.name(), " has no parameters to train");
    check_names(names, parameters);
    std::vector<ParameterGroup> groups(std::max<size_t>(1, names.size()));
    std::vector<std::string> problems;
    for (const auto& each : parameters) {
        const size_t group = names.empty() ? 0 : group_of(each, names, problems);
        groups[group].parameters.push_back(each.parameter);
    }
    require(problems.empty(), "Every parameter belongs in one of param_groups, but ", join(problems));
    return groups;
}

void set_weight_decays(std::vector<ParameterGroup>& groups, const std::map<std::string, double>& decays) {
    std::set<std::string> known;
    for (auto& group : groups) {
        for (auto& parameter : group.parameters) {
            add_names(parameter.name, known);
            size_t longest = 0;
            for (const auto& [name, decay] : decays) {
                if (!covers(name, parameter.name) || name.size() < longest) continue;
                longest = name.size();
                parameter.weight_decay = decay;
            }
        }
    }
    for (const auto& [name, decay] : decays) {
        check_weight_decay(decay);
        if (!known.contains(name)) {
            fail("weight_decays names '", name, "', which is no module or parameter of the model",
                 name_hint(name, {known.begin(), known.end()}));
        }
    }
}

void freeze_groups(const std::vector<ParameterGroup>& groups, int64_t n, bool train_bn) {
    const auto count = static_cast<int64_t>(groups.size());
    require<UsageError>(n >= -count && n < count, "Cannot freeze the parameter groups before number ", n,
                        ": the model has ", count, ", so that it must be from ", -count, " to ", count - 1);
    const int64_t first_trained = n < 0 ? count + n : n;
    for (int64_t g = 0; g < count; ++g) {
        for (const auto& parameter : groups[static_cast<size_t>(g)].parameters) {
            at::Tensor(parameter.tensor).requires_grad_(g >= first_trained || (train_bn && parameter.norm));
        }
    }
}

}  // namespace embark
