#include <torch/torch.h>

#include <embark/modules/losses/losses.h>

#include "experiments.h"

namespace embark::course {

static Result run_cross_entropy_by_hand(const Lab&) {
    namespace F = torch::nn::functional;
    // Five outputs of a network for one picture: cat, dog, plane, fish, building. It is a dog.
    const torch::Tensor output = torch::tensor({{-4.89, 2.60, 0.59, -2.07, -4.57}}, torch::kDouble);
    const torch::Tensor actual = torch::tensor({1});
    const torch::Tensor one_hot = torch::one_hot(actual, 5).to(torch::kDouble);

    Result result;
    result.step("Outputs of cat, dog, plane, fish, building", output);
    result.step("exp", output.exp());
    const torch::Tensor softmax = output.exp() / output.exp().sum(1, true);
    result.step("softmax: exp / sum of exp", softmax);
    result.assert_equal("softmax", softmax, output.softmax(1));
    result.step("actual, one-hot", one_hot);
    const torch::Tensor parts = one_hot * softmax.log();
    result.step("actual × log softmax", parts);
    const torch::Tensor loss = -parts.sum(1).mean();
    result.step("cross-entropy: minus their sum", loss);
    result.assert_equal("the function F::cross_entropy", loss, F::cross_entropy(output, actual));
    result.assert_equal("the module CrossEntropyLoss", loss, torch::nn::CrossEntropyLoss()(output, actual));
    result.assert_equal("cross_entropy_loss_flat", loss, cross_entropy_loss_flat()({output}, {actual}));

    // Binary: is there a cat, whatever else there is? Each of five pictures is judged alone.
    const torch::Tensor is_cat = torch::tensor({1., 0., 1., 0., 0.}, torch::kDouble), logits = output.flatten();
    const torch::Tensor p = 1 / (1 + (-logits).exp());
    result.step("sigmoid: 1 / (1 + exp(−output))", p);
    const torch::Tensor binary = -(is_cat * p.log() + (1 - is_cat) * (1 - p).log()).mean();
    result.step("binary cross-entropy: −mean(y log p + (1 − y) log(1 − p))", binary);
    result.assert_equal("the function F::binary_cross_entropy_with_logits", binary,
                        F::binary_cross_entropy_with_logits(logits, is_cat));
    result.assert_equal("the module BCEWithLogitsLoss", binary, torch::nn::BCEWithLogitsLoss()(logits, is_cat));
    result.assert_equal("bce_with_logits_loss_flat", binary, bce_with_logits_loss_flat()({logits}, {is_cat}));
    result.assert_equal("bce_loss_flat of the sigmoid", binary, bce_loss_flat()({p}, {is_cat}));
    return result;
}

const Experiment kCrossEntropyByHand = {
    .name = "cross-entropy-by-hand",
    .title = "Softmax, cross-entropy and binary cross-entropy, step by step",
    .notes =
        "Cross-entropy takes the softmax of five outputs and minus the logarithm of the right class's "
        "probability; binary cross-entropy is the same for one class that is there or not. Each loss comes as a "
        "function and as a module.",
    .settings = "five outputs for one picture; five pictures that show a cat or not",
    .conclusion =
        "Of several classes only the right one's probability counts, and a confident mistake costs most. "
        "Losses of logits take the raw outputs, and do softmax or sigmoid themselves.",
    .to_try = "Say that the picture is a plane (actual = 2), and work the loss out by hand first.",
    .run = run_cross_entropy_by_hand};

}  // namespace embark::course
