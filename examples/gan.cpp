// A training step of your own: two optimizers in turn.
//
// A TrainStep says how one batch trains, and the Learner does the rest: the loop, its table, callbacks, checkpoints.
// Here a generative adversarial network learns to make points of a ring. A batch has two rounds: the critic learns to
// tell real points from made ones, then the generator learns to make points that the critic takes for real. Each
// network has an optimizer of its own; together they are one Optimizer, so that both are scheduled, saved and resumed.
//
// Expected: the table of 30 epochs, then
//
//     Made points lie 2.0… from the centre, ±0.…, in 8 of 8 directions
//
// with a distance from 1.8 to 2.2 and a spread below 0.4.
#include <cmath>
#include <iostream>
#include <numbers>

#include <embark/embark.h>

using namespace embark;

torch::nn::Sequential layers(int64_t n_in, int64_t n_out) {
    constexpr int64_t kWidth = 64;
    return torch::nn::Sequential(torch::nn::Linear(n_in, kWidth), torch::nn::LeakyReLU(),
                                 torch::nn::Linear(kWidth, kWidth), torch::nn::LeakyReLU(),
                                 torch::nn::Linear(kWidth, n_out));
}

struct GanImpl : torch::nn::Module {
    /// As many made points as there are given ones.
    torch::Tensor forward(const torch::Tensor& points) { return generator->forward(torch::randn({points.size(0), 4})); }

    torch::nn::Sequential generator = register_module("generator", layers(4, 2));
    torch::nn::Sequential critic = register_module("critic", layers(2, 1));
};
TORCH_MODULE(Gan);

/// An optimizer for each parameter group. One whose parameters have no gradient does nothing in a step.
class OnePerGroup : public Optimizer {
public:
    OnePerGroup(std::vector<ParameterGroup> groups, const std::vector<OptimizerFactory>& factories)
        : Optimizer(std::move(groups), {{"lr", 1e-3}}) {
        for (size_t i = 0; i < factories.size(); ++i) parts_.push_back(factories[i]({groups_[i]}));
    }

    void step() override {
        for (const auto& part : parts_) part->step();
    }

    std::map<std::string, torch::Tensor> state() const override {
        std::map<std::string, torch::Tensor> all;
        for (const auto& part : parts_) all.merge(part->state());
        return all;
    }

    void load_state(const std::map<std::string, torch::Tensor>& state) override {
        for (size_t i = 0; i < parts_.size(); ++i) {
            std::map<std::string, torch::Tensor> own;
            for (const auto& [name, tensor] : state) {
                for (const auto& parameter : groups_[i].parameters) {
                    if (name.starts_with(parameter.name + ".")) own[name] = tensor;
                }
            }
            parts_[i]->load_state(own);
        }
    }

protected:
    void hyper_changed(const std::string& name) override {
        for (size_t i = 0; i < parts_.size(); ++i) parts_[i]->set_hyper(name, groups_[i].hyper.at(name));
    }

private:
    std::vector<std::unique_ptr<Optimizer>> parts_;
};

class GanStep : public TrainStep {
public:
    explicit GanStep(Gan model) : model_(std::move(model)) {}

    void run(StepContext& step) override {
        const auto real = step.state().batch.inputs.front();
        const auto made = model_->forward(real);
        const auto ones = torch::ones({real.size(0), 1}), zeros = torch::zeros({real.size(0), 1});

        const auto says_of_real = model_->critic->forward(real), says_of_made = model_->critic->forward(made.detach());
        const bool goes_on = round(step, {says_of_real, says_of_made},
                                   torch::binary_cross_entropy_with_logits(says_of_real, ones) +
                                       torch::binary_cross_entropy_with_logits(says_of_made, zeros));
        if (!goes_on) return;

        // The critic judges here, and does not learn.
        for (auto& parameter : model_->critic->parameters()) parameter.requires_grad_(false);
        const auto judged = model_->critic->forward(made);
        for (auto& parameter : model_->critic->parameters()) parameter.requires_grad_(true);
        round(step, {made}, torch::binary_cross_entropy_with_logits(judged, ones));
    }

private:
    /// Whether the batch goes on.
    static bool round(StepContext& step, Tensors predictions, torch::Tensor loss) {
        if (!step.after_pred(std::move(predictions))) return false;
        if (!step.after_loss(std::move(loss))) return false;
        if (!step.backward([&] { step.add_gradients(step.state().loss); })) return false;
        if (!step.step([&] { step.optimizer().step(); })) return false;
        step.optimizer().zero_grad();
        return true;
    }

    Gan model_;
};

int main() try {
    set_seed(1);
    const auto angles = torch::rand({4000, 1}) * 2 * std::numbers::pi, radii = 2 + 0.1 * torch::randn({4000, 1});
    const auto ring = torch::cat({radii * angles.cos(), radii * angles.sin()}, 1);
    // The step needs no targets; the data have some, for a loss to be there.
    const DataLoaders dls(DataLoader({.inputs = {ring}, .targets = {ring}}, {.batch_size = 100, .shuffle = true}), {});

    const Gan model;
    Learner learn(dls, model,
                  {.loss = mse_loss_flat(),
                   .optimizer =
                       [](std::vector<ParameterGroup> groups) {
                           return std::make_unique<OnePerGroup>(
                               std::move(groups), std::vector{adam({.momentum = 0.5, .weight_decay = 0}), rmsprop()});
                       },
                   .param_groups = {{"generator"}, {"critic"}},
                   .step = std::make_shared<GanStep>(model)});
    learn.fit(30, slice(1e-3, 2e-3));  // the generator's rate and the critic's

    const auto made = learn.predict({torch::zeros({4000, 2})});
    const auto distance = made.norm(2, 1);
    const auto direction = (torch::atan2(made.select(1, 1), made.select(1, 0)) / (std::numbers::pi / 4)).floor();
    std::cout << "Made points lie " << distance.mean().item<double>() << " from the centre, ±"
              << distance.std().item<double>() << ", in " << std::get<0>(at::_unique(direction)).size(0)
              << " of 8 directions\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
