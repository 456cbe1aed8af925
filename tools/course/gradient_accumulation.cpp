#include <torch/torch.h>

#include <embark/callbacks/gradient_accumulation.h>
#include <embark/learners/learner.h>
#include <embark/optim/optimizers.h>

#include "experiments.h"

namespace embark::course {

namespace {

/// Three layers, with batch norm or without; counts the bytes that one batch's answers take.
struct NetImpl : torch::nn::Module {
    explicit NetImpl(bool batch_norm) {
        const auto add = [&](int64_t in, int64_t out, bool last) {
            layers->push_back(torch::nn::Linear(in, out));
            if (last) return;
            layers->push_back(torch::nn::ReLU());
            if (batch_norm) layers->push_back(torch::nn::BatchNorm1d(out));
        };
        add(20, 64, false);
        add(64, 32, false);
        add(32, 1, true);
        register_module("layers", layers);
    }

    torch::Tensor forward(torch::Tensor x) {
        bytes = static_cast<double>(x.nbytes());
        for (auto& layer : *layers) {
            x = layer.forward(x);
            bytes += static_cast<double>(x.nbytes());
        }
        return x;
    }

    torch::nn::Sequential layers;
    double bytes = 0;
};
TORCH_MODULE(Net);

struct Trained {
    torch::Tensor weights;
    double bytes = 0;
};

Trained train_digits(const Lab& lab, const TensorDataset& data, bool batch_norm, int64_t batch_size) {
    set_seed(lab.seed);
    Net model(batch_norm);
    model->to(torch::kDouble);
    const DataLoaders dls(DataLoader(data, {.batch_size = batch_size}), {});
    Learner learn(dls, model, {.loss = mse_loss_flat(), .optimizer = sgd({.momentum = 0.9}), .progress = false});
    // One step for 64 samples, however many batches they come in.
    learn.fit(3, 0.05,
              {.callbacks = {gradient_accumulation({.n_acc = 64})}});
    return {torch::nn::utils::parameters_to_vector(model->parameters()).detach(), model->bytes};
}

Result run_gradient_accumulation(const Lab& lab) {
    const torch::Tensor x = torch::randn({640, 20}, torch::kDouble);
    const TensorDataset data{.inputs = {x}, .targets = {(x.select(1, 0) * x.select(1, 1)).sin() + x.select(1, 2)}};

    Result result;
    const Trained whole = train_digits(lab, data, false, 64), parts = train_digits(lab, data, false, 16);
    const Trained whole_bn = train_digits(lab, data, true, 64), parts_bn = train_digits(lab, data, true, 16);
    const auto apart = [](const Trained& a, const Trained& b) {
        return (a.weights - b.weights).abs().max().item<double>();
    };
    result.step("First weights, batches of 64", whole.weights.slice(0, 0, 4));
    result.step("First weights, 4 × 16 accumulated", parts.weights.slice(0, 0, 4));
    result.assert_equal("without batch norm, batches of 64 and 4 × 16 accumulated", whole.weights, parts.weights);
    result.grids.push_back({"Largest difference of weights, and memory of one batch's activations",
                            "model",
                            {"without batch norm", "with batch norm"},
                            {{"difference", {apart(whole, parts), apart(whole_bn, parts_bn)}},
                             {"bytes, 64", {whole.bytes, whole_bn.bytes}},
                             {"bytes, 16", {parts.bytes, parts_bn.bytes}}}});
    result.check({"with batch norm the weights differ", Relation::above, apart(whole_bn, parts_bn), 1e-4,
                  "what rounding could explain"});
    result.check({"a batch of 16 needs a quarter of the memory", Relation::at_most, parts.bytes, whole.bytes / 4,
                  "a quarter", 0});
    return result;
}

}  // namespace

const Experiment kGradientAccumulation = {
    .name = "gradient-accumulation",
    .title = "Batches of 64, and four of 16 accumulated",
    .notes =
        "A model too large for the memory is trained on small batches whose gradients are added up before a "
        "step. The weights are the same as with large batches, unless there is batch norm, which sees each small "
        "batch alone.",
    .settings = "640 made rows, 20 numbers, layers 64 and 32 in float64, SGD at 0.05 with momentum 0.9, 3 epochs",
    .conclusion =
        "Accumulation takes the step of a large batch in the memory of a small one. Batch norm is the "
        "exception, since it sees each small batch alone.",
    .to_try = "Set n_acc to 32: two steps where there was one.",
    .run = run_gradient_accumulation};

}  // namespace embark::course
