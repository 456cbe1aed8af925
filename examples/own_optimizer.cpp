// An optimizer of your own, saved and resumed as Embark's are.
//
// An UpdateRule says how parameters move, what is kept for each of them between steps, and which hyper-parameters there
// are. Parameter groups, schedules, weight decay, freezing, saving and resuming are the same for every rule. The rule
// here is Lion (Chen et al. 2023, arXiv:2302.06675): p ← p·(1 − lr·wd) − lr·sign(mom·m + (1 − mom)·g), then
// m ← kept·m + (1 − kept)·g.
//
// A fit is stopped half way, and another Learner goes on from its checkpoint. Expected:
//
//     Trained to a validation loss of 0.00…
//     Resumed after 200 of 400 batches: the same weights to the bit
#include <filesystem>
#include <iostream>
#include <stop_token>

#include <embark/embark.h>

using namespace embark;

constexpr int64_t kEpochs = 20;

OptimizerFactory lion(double momentum = 0.9, double kept = 0.99) {
    return optimizer_of({.name = "Lion",
                         .hypers = {{"mom", momentum}, {"kept", kept}, {"wd", 0.}},
                         .state = {"grad_avg"},
                         .step = [](DenseUpdate& update) {
                             const double mom = update.hyper("mom"), kept = update.hyper("kept");
                             decay_weights(update, /*decouple=*/true);
                             for (size_t i = 0; i < update.parameters.size(); ++i) {
                                 const auto &gradient = update.gradients[i], &average = update.state.at("grad_avg")[i];
                                 update.parameters[i].sub_(torch::lerp(gradient, average, mom).sign(),
                                                           update.hyper("lr"));
                                 average.lerp_(gradient, 1 - kept);
                             }
                         }});
}

/// Asks the fit to stop after some batches.
struct StopAfter : Callback {
    explicit StopAfter(int64_t batches) : batches_(batches) {}
    void after_batch(TrainingState& state) override {
        if (state.train_iter + 1 == batches_) stop.request_stop();
    }
    std::stop_source stop;

private:
    int64_t batches_;
};

Learner learner(const DataLoaders& dls) {
    set_seed(3);
    return Learner(dls, torch::nn::Sequential(torch::nn::Linear(4, 32), torch::nn::Tanh(), torch::nn::Linear(32, 1)),
                   {.loss = mse_loss_flat(), .optimizer = lion(), .progress = false});
}

torch::Tensor weights_of(const Learner& learn) {
    return torch::nn::utils::parameters_to_vector(learn.model().module().parameters()).detach();
}

int main() try {
    set_seed(1);
    const auto x = torch::randn({1000, 4});
    const auto dls = DataLoaders::from_tensors({.inputs = {x}, .targets = {(x.select(1, 0) - x.select(1, 1)).tanh()}},
                                               {.batch_size = 40});
    const int64_t batches = kEpochs * dls.train().size();

    auto whole = learner(dls);
    whole.fit_one_cycle(kEpochs, 1e-2, {.weight_decay = 0.01});
    std::cout << "Trained to a validation loss of " << whole.validate().loss << "\n";

    const auto folder = std::filesystem::temp_directory_path() / "embark-own-optimizer";
    std::filesystem::remove_all(folder);
    const auto stop = std::make_shared<StopAfter>(batches / 2);
    auto begun = learner(dls), resumed = learner(dls);
    begun.fit_one_cycle(
        kEpochs, 1e-2,
        {.weight_decay = 0.01, .callbacks = {stop}, .stop = stop->stop.get_token(), .checkpoint = {.dir = folder}});
    const auto never = std::make_shared<StopAfter>(-1);
    resumed.fit_one_cycle(kEpochs, 1e-2,
                          {.weight_decay = 0.01, .callbacks = {never}, .checkpoint = {.dir = folder, .resume = true}});
    std::filesystem::remove_all(folder);

    const bool same = weights_of(resumed).equal(weights_of(whole)) && !weights_of(begun).equal(weights_of(whole));
    std::cout << "Resumed after " << batches / 2 << " of " << batches
              << " batches: " << (same ? "the same weights to the bit" : "other weights") << "\n";
    return same ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
