// A module and a callback of your own.
//
// Any torch::nn module can be trained: its forward takes one or more tensors and returns one or more. Here it is a
// small network that learns to tell whether a point lies inside a circle. A callback overrides the events it needs and
// sees the running fit as a TrainingState; this one ends the fit once the model is good enough.
//
// Expected: fewer than 40 lines of the table, the last accuracy at least 0.97, then
//
//     Stopped: the accuracy is 0.97…
//     (0, 0) is inside with probability 1.0…
//     (2, 2) is inside with probability 0.0…
#include <iostream>

#include <embark/embark.h>

struct CircleNetImpl : torch::nn::Module {
    explicit CircleNetImpl(int64_t width)
        : hidden(register_module("hidden", torch::nn::Linear(2, width))),
          norm(register_module("norm", torch::nn::BatchNorm1d(width))),
          out(register_module("out", torch::nn::Linear(width, 2))) {}

    torch::Tensor forward(const torch::Tensor& points) { return out(norm(torch::relu(hidden(points)))); }

    torch::nn::Linear hidden;
    torch::nn::BatchNorm1d norm;
    torch::nn::Linear out;
};
TORCH_MODULE(CircleNet);

/// Ends the fit once a recorded figure has reached a value.
struct StopWhenGood : embark::Callback {
    StopWhenGood(std::string figure, double enough) : figure_(std::move(figure)), enough_(enough) {}

    // After the recorder (50), whose row of the epoch is read here.
    int order() const override { return 70; }

    void after_epoch(embark::TrainingState& state) override {
        const double value = state.records.last(figure_);
        if (value >= enough_) state.cancel(embark::Level::fit, embark::concat("the ", figure_, " is ", value));
    }

private:
    std::string figure_;
    double enough_;
};

int main() try {
    embark::set_seed(1);
    const auto points = torch::rand({4000, 2}) * 6 - 3;
    const auto inside = (points.square().sum(1) < 4).to(torch::kLong);

    const auto dls = embark::DataLoaders::from_tensors({.inputs = {points}, .targets = {inside}}, {.batch_size = 32});
    embark::Learner learn(dls, CircleNet(64),
                          {.loss = embark::cross_entropy_loss_flat(),
                           .metrics = {embark::accuracy()},
                           .callbacks = {std::make_shared<StopWhenGood>("accuracy", 0.97)}});
    learn.fit(40, 1e-2);

    const auto probability = learn.predict({torch::tensor({{0.0f, 0.0f}, {2.0f, 2.0f}})});
    std::cout << "(0, 0) is inside with probability " << probability[0][1].item<float>() << "\n"
              << "(2, 2) is inside with probability " << probability[1][1].item<float>() << "\n";
    learn.export_torchscript("circle.pt");
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
