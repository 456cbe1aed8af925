#include <torch/torch.h>

#include <embark/optim/optimizer.h>

#include "experiments.h"

namespace embark::course {

namespace {

constexpr double kWd = 0.1, kLr = 0.05;
constexpr int kGradientSteps = 20;

struct LinearFit {
    torch::Tensor x, y, start;

    torch::Tensor loss(const torch::Tensor& p) const { return (x.mv(p) - y).square().mean(); }
};

/// The parameters after some steps of `optimizer`. `gradient` says what the optimizer is given.
template <class Gradient>
torch::Tensor descend(const LinearFit& problem, const OptimizerFactory& optimizer, Gradient gradient) {
    torch::Tensor p = problem.start.clone().requires_grad_();
    const auto made = optimizer({{.parameters = {{"p", p}}}});
    made->set_hyper("lr", kLr);
    for (int i = 0; i < kGradientSteps; ++i) {
        p.mutable_grad() = gradient(p);
        made->step();
    }
    return p.detach();
}

torch::Tensor gradient_of(const torch::Tensor& loss, const torch::Tensor& p) {
    return torch::autograd::grad({loss}, {p})[0];
}

Result run_weight_decay_by_hand(const Lab&) {
    const LinearFit problem{torch::randn({32, 4}), torch::randn({32}), torch::randn({4})};
    Result result;
    result.step("parameters", problem.start);

    const auto in_loss = [&](const torch::Tensor& p) {
        return gradient_of(problem.loss(p) + kWd * p.square().sum(), p);
    };
    const auto in_gradient = [&](const torch::Tensor& p) {
        return gradient_of(problem.loss(p), p) + kWd * 2 * p.detach();
    };
    const auto plain = [&](const torch::Tensor& p) { return gradient_of(problem.loss(p), p); };

    const torch::Tensor p = problem.start.clone().requires_grad_();
    result.step("gradient of loss + wd · (parameters**2).sum()", in_loss(p));
    result.step("gradient of loss, + wd · 2 · parameters", in_gradient(p));
    result.assert_equal("the two gradients", in_loss(p), in_gradient(p));

    const OptimizerFactory no_decay = adam({.weight_decay = 0});
    const torch::Tensor first = descend(problem, no_decay, in_loss), second = descend(problem, no_decay, in_gradient);
    result.step("after 20 steps of Adam, decay in the loss", first);
    result.step("after 20 steps of Adam, decay in the gradient", second);
    result.assert_equal("the parameters after 20 steps", first, second);

    // The library's L2 form, which has no 2: wd is chosen twice as big.
    const torch::Tensor l2 = descend(problem, adam({.weight_decay = 2 * kWd, .decouple_wd = false}), plain);
    result.assert_equal("adam with decouple_wd = false", first, l2);

    const torch::Tensor decoupled = descend(problem, adam({.weight_decay = 2 * kWd}), plain);
    result.step("after 20 steps of Adam, decoupled decay", decoupled);
    result.check({"decoupled decay gives other parameters", Relation::above,
                  (decoupled - first).abs().max().item<double>(), 1e-3, "what rounding could explain"});
    return result;
}

}  // namespace

const Experiment kWeightDecayByHand = {
    .name = "weight-decay-by-hand",
    .title = "Weight decay in the loss, in the gradient, and apart from both",
    .notes =
        "The derivative of wd · p² is 2 · wd · p, so that adding the sum of squares to the loss is the same as "
        "adding to the gradient. Adam scales gradients, so that decay apart from them (AdamW, the library's "
        "default) is not the same.",
    .settings = "a linear regression of 32 rows and 4 parameters, 20 steps of Adam at 0.05, wd 0.1",
    .conclusion =
        "To add wd · p² to the loss and 2 · wd · p to the gradient is one and the same. With Adam, decay "
        "beside the gradient is not.",
    .to_try = "Take sgd() in place of adam(): is decoupled decay another thing then, too?",
    .run = run_weight_decay_by_hand};

}  // namespace embark::course
