#include "model_state.h"

#include <cmath>

#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../core/text.h"
#include "optimizer.h"

namespace embark {

using Json = nlohmann::json;

namespace {

constexpr const char* kKey = "embark_learner";
constexpr int kFormat = 1;
const std::string kModel = "model.";
const std::string kOptimizer = "optimizer.";

/// Parameters and buffers by their full names.
std::map<std::string, at::Tensor> model_tensors(const torch::nn::Module& module) {
    std::map<std::string, at::Tensor> tensors;
    for (const auto& item : module.named_parameters()) tensors[item.key()] = item.value();
    for (const auto& item : module.named_buffers()) tensors[item.key()] = item.value();
    std::erase_if(tensors, [](const auto& item) { return !item.second.defined(); });
    return tensors;
}

/// The tensors whose names begin with `prefix`, without it.
std::map<std::string, at::Tensor> with_prefix(const std::map<std::string, at::Tensor>& tensors,
                                              const std::string& prefix) {
    std::map<std::string, at::Tensor> found;
    for (const auto& [name, tensor] : tensors) {
        if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor;
    }
    return found;
}

/// What keeps `saved` from being put in the place of `present`.
std::vector<std::string> differences(const std::map<std::string, at::Tensor>& saved,
                                     const std::map<std::string, at::Tensor>& present) {
    std::vector<std::string> problems;
    for (const auto& [name, tensor] : present) {
        const auto found = saved.find(name);
        if (found == saved.end()) {
            problems.push_back("missing " + name);
        } else if (found->second.sizes() != tensor.sizes()) {
            problems.push_back(
                concat("wrong shape ", found->second.sizes(), " of ", name, ", the model's is ", tensor.sizes()));
        } else if (found->second.scalar_type() != tensor.scalar_type()) {
            problems.push_back(concat("wrong type ", c10::toString(found->second.scalar_type()), " of ", name,
                                      ", the model's is ", c10::toString(tensor.scalar_type())));
        }
    }
    for (const auto& [name, tensor] : saved) {
        if (!present.contains(name)) problems.push_back("unexpected " + name);
    }
    return problems;
}

TensorFile copied(TensorFile content) {
    for (auto& [name, tensor] : content.tensors) tensor = tensor.clone();
    return content;
}

Json hypers_of(const Optimizer& optimizer) {
    Json groups = Json::array();
    for (const auto& group : optimizer.groups()) groups.push_back(group.hyper);
    return groups;
}

/// `value` where the hyper-parameter `name` can have it. Throws Error where not; of names of somebody's own rule any
/// number is taken.
double hyper_in_range(const std::string& name, double value) {
    const bool at_most_one = name == "mom" || name == "sqr_mom";
    const bool at_least_zero = at_most_one || name == "lr" || name == "wd" || name == "eps";
    const bool fits = std::isfinite(value) && (!at_least_zero || value >= 0) && (!at_most_one || value <= 1);
    require(fits, "its hyper-parameter '", name, "' is ", value, ", and must be ",
            at_most_one ? "from 0 to 1" : at_least_zero ? "at least 0" : "finite");
    return value;
}

/// Values by name, one a group, as Optimizer::set_hyper takes them; none where a model was saved alone. Throws where
/// they don't fit the optimizer.
std::map<std::string, std::vector<double>> read_hypers(const std::string& text, const Optimizer& optimizer) {
    const Json state = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    require(state.is_object(), "its hyper-parameters cannot be read");
    const auto groups = state.find("hyper");
    if (groups == state.end()) return {};
    require(groups->is_array(), "its hyper-parameters cannot be read");
    require(groups->size() == optimizer.groups().size(), "it has ", groups->size(),
            " parameter groups, the learner's optimizer has ", optimizer.groups().size());
    std::map<std::string, std::vector<double>> values;
    for (const auto& group : *groups) {
        for (const auto& [name, value] : group.items()) {
            require(value.is_number(), "its hyper-parameter '", name, "' is not a number");
            optimizer.hyper(name);  // throws for a name that this optimizer does not have
            values[name].push_back(hyper_in_range(name, value.get<double>()));
        }
    }
    for (const auto& [name, list] : values) {
        require(list.size() == groups->size(), "its hyper-parameter '", name, "' is not there for every group");
    }
    return values;
}

}  // namespace

TensorFile ModelState::tensors(const torch::nn::Module& model, const Optimizer* optimizer) {
    TensorFile content;
    for (const auto& [name, tensor] : model_tensors(model)) content.tensors[kModel + name] = tensor.detach();
    Json about = {{"format", kFormat}};
    if (optimizer != nullptr) {
        for (const auto& [name, tensor] : optimizer->state()) content.tensors[kOptimizer + name] = tensor.detach();
        about["hyper"] = hypers_of(*optimizer);
    }
    content.metadata[kKey] = about.dump();
    return content;
}

ModelState::ModelState(const torch::nn::Module& model) : content_(copied(tensors(model, nullptr))) {}

ModelState::ModelState(const torch::nn::Module& model, const Optimizer& optimizer)
    : content_(copied(tensors(model, &optimizer))) {}

ModelState::ModelState(TensorFile content, std::string source)
    : content_(std::move(content)), source_(std::move(source)) {
    require(content_.metadata.contains(kKey), source_, " was not written by Learner::save");
    const Json about = Json::parse(content_.metadata.at(kKey), nullptr, /*allow_exceptions=*/false);
    const auto format = about.is_object() ? about.find("format") : about.end();
    require(format != about.end() && format->is_number_integer(), source_, " does not say which format it has");
    require(*format == kFormat, source_, " has format ", format->dump(), ", and this version of Embark reads format ",
            kFormat, ": update Embark");
}

ModelState ModelState::load(const std::filesystem::path& path) {
    return ModelState(load_safetensors(path, Checksum::required), path.string());
}

void ModelState::save(const std::filesystem::path& path) const {
    save_safetensors(path, content_);
}

void ModelState::check_model(const torch::nn::Module& model) const {
    const auto problems = differences(with_prefix(content_.tensors, kModel), model_tensors(model));
    require(problems.empty(), "Cannot load ", source_, ": ", join(problems, "; "));
}

void ModelState::copy_to(torch::nn::Module& model) const {
    torch::NoGradGuard no_grad;
    const auto saved = with_prefix(content_.tensors, kModel);
    for (const auto& [name, tensor] : model_tensors(model)) at::Tensor(tensor).copy_(saved.at(name));
}

void ModelState::restore(torch::nn::Module& model) const {
    check_model(model);
    copy_to(model);
}

void ModelState::restore_weights(torch::nn::Module& model, Optimizer& optimizer) const {
    restore(model);
    optimizer.weights_replaced();
}

void ModelState::restore(torch::nn::Module& model, Optimizer& optimizer) const {
    check_model(model);
    try {
        const auto hypers = read_hypers(content_.metadata.at(kKey), optimizer);
        // Checks all of it before it changes anything; what follows cannot fail.
        optimizer.load_state(with_prefix(content_.tensors, kOptimizer));
        for (const auto& [name, values] : hypers) optimizer.set_hyper(name, values);
    } catch (const Error& error) {
        fail("Cannot load ", source_, ": ", error.what());
    }
    copy_to(model);
}

}  // namespace embark
