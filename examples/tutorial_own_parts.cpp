// The program of docs/tutorials/own-parts.md: a module, a loss, a metric and a callback of one's own.
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// Two layers, and a skip from the input to the output.
struct CurveNetImpl : torch::nn::Module {
    explicit CurveNetImpl(int64_t width)
        : hidden(register_module("hidden", torch::nn::Linear(1, width))),
          out(register_module("out", torch::nn::Linear(width, 1))),
          skip(register_module("skip", torch::nn::Linear(1, 1))) {}

    torch::Tensor forward(const torch::Tensor& x) { return out(torch::tanh(hidden(x))) + skip(x); }

    torch::nn::Linear hidden, out, skip;
};
TORCH_MODULE(CurveNet);

/// The quantile loss: predictions that are too low cost `quantile` of the distance, those too high the rest.
Loss quantile_loss(double quantile) {
    return Loss("quantile", [quantile](const at::Tensor& prediction, const at::Tensor& target) {
        const auto error = target - prediction;
        return torch::max(quantile * error, (quantile - 1) * error).mean();
    }).with_settings(concat("quantile ", quantile));
}

/// The share of targets that lie below the prediction: of a 0.9 quantile it should be 0.9.
Metric coverage() {
    return avg_metric("coverage", Direction::higher_is_better, [](const at::Tensor& prediction, const at::Tensor& target) {
        return (target < prediction).to(torch::kFloat).mean();
    });
}

/// Prints the largest gradient of each epoch.
struct ShowLargestGradient : Callback {
    // The fused step leaves no gradients in the parameters.
    bool needs_autograd() const override { return true; }

    void before_epoch(TrainingState&) override { largest_ = 0; }

    void after_backward(TrainingState& state) override {
        for (const auto& parameter : state.model->parameters()) {
            largest_ = std::max(largest_, parameter.grad().abs().max().item<double>());
        }
    }

    void after_epoch(TrainingState& state) override {
        std::cout << "epoch " << state.epoch << ": largest gradient " << format_number(largest_, 2) << "\n";
    }

private:
    double largest_ = 0;
};

int main() try {
    set_seed(7);
    const auto x = torch::rand({2000, 1}) * 6 - 3;
    const auto y = torch::sin(x) + 0.3 * torch::randn_like(x);
    const auto dls = DataLoaders::from_tensors({.inputs = {x}, .targets = {y}}, {.batch_size = 50});

    Learner learn(dls, CurveNet(32), {.loss = quantile_loss(0.9), .metrics = {coverage()}});
    learn.fit_one_cycle(4, 3e-2, {.callbacks = {std::make_shared<ShowLargestGradient>()}});

    const auto at = torch::tensor({{0.0f}, {1.5f}});
    const auto quantiles = learn.predict({at}).flatten();
    std::cout << "nine of ten targets lie below " << format_number(quantiles[0].item<double>(), 2) << " at 0 and below "
              << format_number(quantiles[1].item<double>(), 2) << " at 1.5\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
