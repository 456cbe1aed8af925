#include "layers.h"

#include <cmath>

#include <torch/torch.h>

#include "../core/error.h"
#include "n_linear.h"
#include "tabular_model.h"

namespace embark {

at::Tensor sigmoid_range(const at::Tensor& x, const Range& range) {
    return torch::sigmoid(x) * (range.high - range.low) + range.low;
}

void trunc_normal_(const at::Tensor& weight, double std) {
    torch::NoGradGuard no_grad;
    weight.normal_().fmod_(2).mul_(std);
}

namespace {

/// The tensors keep their identity: the module's members and its list of parameters both refer to them.
void resize(torch::nn::LinearImpl& layer, int64_t n_out) {
    layer.options.out_features(n_out);
    layer.weight.set_data(torch::empty({n_out, layer.options.in_features()}, layer.weight.options()));
    if (layer.bias.defined()) layer.bias.set_data(torch::empty({n_out}, layer.bias.options()));
    layer.reset_parameters();
}

void resize(NLinearImpl& layer, int64_t n_out) {
    layer.options.n_out = n_out;
    layer.weight.set_data(torch::empty({layer.options.n, layer.options.n_in, n_out}, layer.weight.options()));
    if (layer.bias.defined()) layer.bias.set_data(torch::empty({layer.options.n, n_out}, layer.bias.options()));
    layer.reset_parameters();
}

}  // namespace

std::string replace_last_layer(torch::nn::Module& model, int64_t n_out) {
    require<UsageError>(n_out >= 1, "Invalid number of outputs ", n_out, ": at least 1 is needed");
    torch::nn::Module* last = nullptr;
    std::string name;
    for (const auto& item : model.named_modules(/*name_prefix=*/"", /*include_self=*/true)) {
        auto* module = item.value().get();
        if (module->as<torch::nn::LinearImpl>() == nullptr && module->as<NLinearImpl>() == nullptr) continue;
        last = module;
        name = item.key();
    }
    require(last != nullptr, "The model ", model.name(), " has no linear layer to replace");
    if (auto* tabular = model.as<TabularModelImpl>()) {
        auto& outputs = tabular->options.outputs;
        require<UsageError>(outputs.size() == 1, "The last layer of a TabularModel with ", outputs.size(),
                            " outputs cannot be replaced by one of ", n_out, ": make a new model");
        outputs.front().size = n_out;
    }
    torch::NoGradGuard no_grad;
    if (auto* linear = last->as<torch::nn::LinearImpl>()) {
        resize(*linear, n_out);
    } else {
        resize(*last->as<NLinearImpl>(), n_out);
    }
    return name;
}

void check_y_range(const Range& range) {
    if (range.empty()) return;
    const bool finite = std::isfinite(range.low) && std::isfinite(range.high);
    require<UsageError>(finite && range.low < range.high, "Invalid y_range (", range.low, ", ", range.high,
                        "): it needs a lower end below its upper end, both finite");
}

}  // namespace embark
