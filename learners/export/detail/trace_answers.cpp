#include "trace_answers.h"

#include <functional>
#include <limits>

#include <torch/torch.h>

#include "../../../core/error.h"
#include "../../../predictor/detail/torchscript_call.h"

namespace embark {

namespace {

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
    if (a.numel() == 0) return 0;
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

void require_same(const at::Tensor& traced, const at::Tensor& expected, const std::string& batch) {
    require(traced.sizes() == expected.sizes() && traced.scalar_type() == expected.scalar_type(), batch,
            " its trace gives a tensor of shape ", traced.sizes(), " where the module gives ", expected.sizes(),
            "; a forward must do the same whatever the number of rows and their values");
    const at::Tensor a = traced.to(at::kDouble), b = expected.to(at::kDouble);
    const double scale = b.numel() == 0 ? 0 : b.nan_to_num(0, 0, 0).abs().max().item<double>();
    require(at::allclose(a, b, /*rtol=*/1e-6, /*atol=*/1e-6 * scale, /*equal_nan=*/true), batch,
            " its trace and the module differ by up to ", largest_difference(a, b),
            "; a forward must not decide by the values or the number of its rows in C++, nor keep a state");
}

}  // namespace

std::vector<std::pair<std::string, Tensors>> with_other_values(const Tensors& inputs) {
    using Change = std::function<at::Tensor(const at::Tensor&)>;
    const auto of_floats = [](Change change) -> Change {
        return [change](const at::Tensor& x) { return x.is_floating_point() ? change(x) : x; };
    };
    const std::vector<std::pair<const char*, Change>> changes = {
        {"zeros", [](const at::Tensor& x) { return torch::zeros_like(x); }},
        {"every other value 0",
         [](const at::Tensor& x) {
             return x.masked_fill(torch::arange(x.numel()).remainder(2).to(torch::kBool).view(x.sizes()), 0);
         }},
        {"integers half as large",
         [](const at::Tensor& x) {
             const bool is_integer = c10::isIntegralType(x.scalar_type(), /*includeBool=*/false);
             return is_integer ? x.add(1).div(2, "floor") : x;
         }},
        {"other signs", of_floats([](const at::Tensor& x) { return -x; })},
        {"NaN in one place", of_floats([](const at::Tensor& x) {
             at::Tensor changed = x.clone();
             if (x.numel() > 0) changed.view({-1})[0] = std::numeric_limits<double>::quiet_NaN();
             return changed;
         })}};
    std::vector<std::pair<std::string, Tensors>> batches;
    for (const auto& [description, change] : changes) {
        batches.push_back({description, {}});
        for (const at::Tensor& input : inputs) batches.back().second.push_back(change(input.contiguous()));
    }
    return batches;
}

void require_same_answers(const torch::jit::Module& traced, const std::vector<AnsweredBatch>& batches) {
    // In another order than the module answered them, so that a state which it keeps shows.
    for (auto at = batches.rbegin(); at != batches.rend(); ++at) {
        const AnsweredBatch& batch = *at;
        std::vector<torch::jit::IValue> arguments;
        for (const at::Tensor& input : batch.inputs) arguments.emplace_back(input.clone());
        Tensors results;
        try {
            results = as_tensors(call_method(traced, "forward", arguments));
        } catch (const std::exception& error) {
            fail(batch.description, " its trace fails where the module answers: ", torch_message(error));
        }
        require(results.size() == batch.expected.size(), batch.description, " its trace gives ", results.size(),
                " tensors where the module gives ", batch.expected.size());
        for (size_t i = 0; i < results.size(); ++i) require_same(results[i], batch.expected[i], batch.description);
    }
}

}  // namespace embark
