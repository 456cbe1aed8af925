#include <torch/torch.h>

#include "experiments.h"

namespace embark::course {

namespace {

/// The lesson's first module: it has no parameters, and autograd knows its derivative.
struct DotProductLayer : torch::nn::Module {
    torch::Tensor forward(const torch::Tensor& users, const torch::Tensor& films) { return (users * films).sum(1); }
};

Result run_dot_by_hand(const Lab&) {
    const torch::Tensor a = torch::tensor({{1., 2.}, {3., 4.}});
    const torch::Tensor b = torch::tensor({{2., 2.}, {10., 10.}});

    Result result;
    result.step("a", a);
    result.step("b", b);
    result.step("a * b", a * b);
    result.step("(a * b).sum(1)", (a * b).sum(1));
    const torch::Tensor notes = torch::tensor({6., 70.});
    result.assert_equal("row-wise dot product is [6, 70]", (a * b).sum(1), notes, "the notes");

    DotProductLayer model;
    result.step("model(a, b)", model.forward(a, b));
    result.assert_equal("the module gives the same", model.forward(a, b), notes);
    return result;
}

}  // namespace

const Experiment kDotByHand = {
    .name = "dot-by-hand",
    .title = "A dot product by hand, then as a module",
    .notes =
        "Two small matrices are multiplied element by element and summed along rows; then a module's forward "
        "does the same, ready to be a layer.",
    .settings = "a = [[1, 2], [3, 4]], b = [[2, 2], [10, 10]]",
    .conclusion =
        "A dot product is an element-wise product and a sum along rows. As a module it has no parameters of "
        "its own, and autograd derives it.",
    .to_try = "Give b three columns: the error names both sizes.",
    .run = run_dot_by_hand};

}  // namespace embark::course
