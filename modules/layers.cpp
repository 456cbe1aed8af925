#include "layers.h"

#include <cmath>

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

at::Tensor sigmoid_range(const at::Tensor& x, const Range& range) {
    return torch::sigmoid(x) * (range.high - range.low) + range.low;
}

void trunc_normal_(const at::Tensor& weight, double std) {
    torch::NoGradGuard no_grad;
    weight.normal_().fmod_(2).mul_(std);
}

std::string replace_last_layer(torch::nn::Module& model, int64_t n_out) {
    require<UsageError>(n_out >= 1, "Invalid number of outputs ", n_out, ": at least 1 is needed");
    torch::nn::LinearImpl* last = nullptr;
    std::string name;
    for (const auto& item : model.named_modules(/*name_prefix=*/"", /*include_self=*/true)) {
        if (auto* linear = item.value()->as<torch::nn::LinearImpl>()) {
            last = linear;
            name = item.key();
        }
    }
    require(last != nullptr, "The model ", model.name(), " has no linear layer to replace");
    torch::NoGradGuard no_grad;
    last->options.out_features(n_out);
    // The tensors keep their identity: the module's members and its list of parameters both refer to them.
    last->weight.set_data(torch::empty({n_out, last->options.in_features()}, last->weight.options()));
    if (last->options.bias()) last->bias.set_data(torch::empty({n_out}, last->bias.options()));
    last->reset_parameters();
    return name;
}

void check_y_range(const Range& range) {
    if (range.empty()) return;
    const bool finite = std::isfinite(range.low) && std::isfinite(range.high);
    require<UsageError>(finite && range.low < range.high, "Invalid y_range (", range.low, ", ", range.high,
                        "): it needs a lower end below its upper end, both finite");
}

}  // namespace embark
