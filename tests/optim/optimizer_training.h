#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <embark/optim/optimizer.h>

namespace embark::testing {

inline std::map<std::string, at::Tensor> copy_of(const std::map<std::string, at::Tensor>& tensors) {
    std::map<std::string, at::Tensor> copies;
    for (const auto& [name, tensor] : tensors) copies[name] = tensor.clone();
    return copies;
}

/// Parameters with an optimizer, and gradients that follow from the step's number. "late" has none in the first step.
struct Training {
    explicit Training(OptimizerFactory factory_) : factory(std::move(factory_)) { renew(); }

    /// Another optimizer, as new, for the same parameters.
    void renew() {
        optimizer = factory(
            {{.parameters = {{"weight", weight}, {"bias", bias, /*decay=*/false}}}, {.parameters = {{"late", late}}}});
    }

    void step(int number) {
        for (auto& tensor : {weight, bias, late}) {
            const auto ramp = torch::arange(tensor.numel(), torch::kDouble).view(tensor.sizes());
            tensor.mutable_grad() = torch::sin(1.7 * ramp + number).add(0.2).to(tensor.dtype());
        }
        if (number == 0) late.mutable_grad().reset();
        optimizer->set_hyper("lr", 0.01 * (number + 1));
        if (optimizer->has_hyper("mom")) optimizer->set_hyper("mom", 0.95 - 0.01 * number);
        optimizer->step();
        optimizer->zero_grad();
    }
    void steps(int first, int end) {
        for (int number = first; number < end; ++number) step(number);
    }

    bool equals(const Training& other) const {
        return weight.equal(other.weight) && bias.equal(other.bias) && late.equal(other.late);
    }

    static at::Tensor parameter(const std::vector<int64_t>& shape) {
        return torch::linspace(-1, 2, c10::multiply_integers(shape)).view(shape).clone().set_requires_grad(true);
    }

    OptimizerFactory factory;
    at::Tensor weight = parameter({3, 4}), bias = parameter({3}), late = parameter({5});
    std::unique_ptr<Optimizer> optimizer;
};

}  // namespace embark::testing
