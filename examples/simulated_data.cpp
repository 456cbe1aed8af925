// Data that are simulated while the model trains.
//
// get(index, random) may draw at random: what it draws follows from the seed, the epoch and the sample's place in it,
// so that each epoch has new samples, validation always the same ones, and a resumed fit those that it would have had.
// Worker threads make the batches ahead; how many there are does not change a single bit.
//
// Here a sample is the noisy swing of a damped spring, and the model is to find stiffness and damping.
//
// Expected: the table of 8 epochs, the last r2_score at least 0.9, then
//
//     The same batch with 0 and with 3 workers: yes
//     Stiffness 4, damping 0.5: found 4.0… and 0.5…
//
// the two found within 0.5 and 0.15.
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// Positions at 64 moments, of a spring that is let go at 1.
torch::Tensor swing(double stiffness, double damping) {
    constexpr int kSteps = 64, kSmall = 20;
    constexpr double kTime = 0.1 / kSmall;
    auto positions = torch::empty({kSteps});
    double x = 1, v = 0;
    for (int i = 0; i < kSteps * kSmall; ++i) {
        v -= (stiffness * x + damping * v) * kTime;
        x += v * kTime;
        if (i % kSmall == 0) positions[i / kSmall] = x;
    }
    return positions;
}

struct Springs {
    int64_t n;

    int64_t size() const { return n; }

    Sample get(int64_t /*index*/, Random& random) const {
        const double stiffness = 1 + 9 * random.uniform(), damping = random.uniform();
        return {.inputs = {swing(stiffness, damping) + 0.02 * torch::randn({64}, random)},
                .targets = {torch::tensor({stiffness, damping}, torch::kFloat)}};
    }
};

int main() try {
    set_seed(1);
    DatasetOptions options{.batch_size = 64, .workers = 3};
    const auto dls = DataLoaders::from_dataset(Springs{4000}, Springs{1000}, options);

    const torch::nn::Sequential model(torch::nn::Linear(64, 128), torch::nn::ReLU(), torch::nn::Linear(128, 64),
                                      torch::nn::ReLU(), torch::nn::Linear(64, 2));
    Learner learn(dls, model, {.loss = mse_loss_flat(), .metrics = {r2_score()}});
    learn.fit_one_cycle(8, 5e-3);

    options.workers = 0;
    const auto alone = DataLoaders::from_dataset(Springs{4000}, Springs{1000}, options);
    const bool same = torch::equal(dls.one_batch().inputs[0], alone.one_batch().inputs[0]);
    std::cout << "The same batch with 0 and with 3 workers: " << (same ? "yes" : "no") << "\n";

    const auto found = learn.predict({swing(4, 0.5).unsqueeze(0)});
    std::cout << "Stiffness 4, damping 0.5: found " << found[0][0].item<float>() << " and " << found[0][1].item<float>()
              << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
