// A training step of your own: sharpness-aware steps.
//
// Sharpness-aware minimisation (Foret et al. 2021, arXiv:2010.01412) takes the gradient not where the weights are, but
// where the loss is worst nearby: it climbs a little along the gradient, takes the gradient there, climbs down again
// and steps. So a step has two backward passes, between before_backward and after_backward; callbacks that clip or
// scale gradients see the second's. Such steps end where the loss is flat: it rises less around the weights.
//
// Expected: two lines, the second with a smaller sharpness, which is how much the training loss rises uphill:
//
//     ordinary steps: accuracy 0.9…, sharpness 0.1…
//     sharpness-aware steps: accuracy 0.9…, sharpness 0.03…
//     Flatter: yes
#include <cmath>
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// Moves the parameters that have gradients by `distance` along them, and gives how far each one moved.
Tensors climb(const Optimizer& optimizer, double distance) {
    torch::NoGradGuard no_grad;
    const auto norm = torch::stack(torch::_foreach_norm(gradients(optimizer))).norm();
    Tensors moves;
    for (const auto& group : optimizer.groups()) {
        for (auto parameter : group.parameters) {
            if (!parameter.tensor.grad().defined()) continue;
            moves.push_back(parameter.tensor.grad() * (distance / (norm + 1e-12)));
            parameter.tensor.add_(moves.back());
        }
    }
    return moves;
}

class SharpnessAwareStep : public TrainStep {
public:
    explicit SharpnessAwareStep(double rho) : rho_(rho) {}

    void run(StepContext& step) override {
        if (!step.after_pred(step.model()(step.state().batch.inputs))) return;
        if (!step.after_loss(step.batch_loss(step.state().predictions))) return;
        if (!step.backward([&] { take_gradients_uphill(step); })) return;
        if (!step.step([&] { step.optimizer().step(); })) return;
        step.optimizer().zero_grad();
    }

private:
    void take_gradients_uphill(StepContext& step) const {
        TrainingState& state = step.state();
        // Of several processes each climbs by itself: the gradients of the last pass alone are exchanged.
        const bool accumulating = std::exchange(state.step.accumulating, true);
        step.add_gradients(state.loss);
        state.step.accumulating = accumulating;
        const auto moves = climb(step.optimizer(), rho_);
        step.optimizer().zero_grad();
        step.add_gradients(step.batch_loss(step.model()(state.batch.inputs)));
        torch::NoGradGuard no_grad;
        size_t i = 0;
        for (const auto& group : step.optimizer().groups()) {
            for (auto parameter : group.parameters) {
                if (parameter.tensor.grad().defined()) parameter.tensor.sub_(moves.at(i++));
            }
        }
    }

    double rho_;
};

torch::nn::Sequential network() {
    set_seed(2);
    return torch::nn::Sequential(torch::nn::Linear(2, 64), torch::nn::ReLU(), torch::nn::Linear(64, 64),
                                 torch::nn::ReLU(), torch::nn::Linear(64, 2));
}

/// Trains with `step`, says what came of it, and gives how much the training loss rises uphill.
double sharpness_with(const char* name, const DataLoaders& dls, std::shared_ptr<TrainStep> step) {
    auto model = network();
    Learner learn(
        dls, model,
        {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}, .progress = false, .step = std::move(step)});
    learn.fit(100, 5e-3);

    const Batch train = dls.train().first_rows(dls.train().rows());
    const auto loss = [&] { return learn.loss()({model->forward(train.inputs.front())}, train.targets); };
    const auto before = loss();
    before.backward();
    climb(learn.optimizer(), 0.3);
    const double sharpness = (loss() - before).item<double>();
    std::cout << name << ": accuracy " << learn.records().last("accuracy") << ", sharpness " << sharpness << "\n";
    return sharpness;
}

int main() try {
    set_seed(1);
    const auto points = torch::randn({1200, 2});
    const auto above = (points.select(1, 1) > (3 * points.select(1, 0)).sin() * 0.5).to(torch::kLong);
    const auto labels = torch::where(torch::rand({1200}) < 0.2, 1 - above, above);
    // A fifth of the labels of the 400 training rows is wrong, none of those that validate.
    const TensorDataset train{.inputs = {points.slice(0, 0, 400)}, .targets = {labels.slice(0, 0, 400)}};
    const TensorDataset valid{.inputs = {points.slice(0, 400)}, .targets = {above.slice(0, 400)}};
    const auto dls = DataLoaders::from_tensors(train, valid, {.batch_size = 50});

    const double ordinary = sharpness_with("ordinary steps", dls, nullptr);
    const double aware = sharpness_with("sharpness-aware steps", dls, std::make_shared<SharpnessAwareStep>(0.1));
    std::cout << "Flatter: " << (aware < ordinary ? "yes" : "no") << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
