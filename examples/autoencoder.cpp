// An autoencoder: data without targets.
//
// A machine has 16 sensors that follow three hidden states. The autoencoder learns, from readings of the sound machine
// alone, to write 16 readings as three numbers and to read them back. There are no targets: the data set gives inputs
// alone, and the loss compares what comes out with what went in, mse_loss_flat().of_inputs(). What it cannot read back
// is unlike anything that it was trained on: readings of a broken sensor have a larger loss, row by row.
//
// Expected: the table of 20 epochs, then
//
//     What is read back differs by 0.03… on average, of readings that differ by 0.6…
//     Readings with a broken sensor are found with an area under the ROC curve of 0.9…
//
// the first below 0.1, the area above 0.9.
#include <iostream>

#include <embark/embark.h>

using namespace embark;

constexpr int64_t kSensors = 16;

/// `n` readings, (n, sensors): waves of the hidden states, with some noise.
torch::Tensor readings(int64_t n) {
    const auto state = torch::randn({n, 3});
    const auto weights = torch::sin(torch::arange(3 * kSensors).to(torch::kFloat) * 1.7).view({3, kSensors});
    return torch::tanh(state.mm(weights)) + 0.05 * torch::randn({n, kSensors});
}

/// A data set of readings: inputs alone.
struct Readings {
    torch::Tensor all;

    int64_t size() const { return all.size(0); }
    Sample get(int64_t index) const { return {.inputs = {all[index]}}; }
};

double area_under_curve(const torch::Tensor& scores, const torch::Tensor& is_broken) {
    Metric area = roc_auc_binary();
    area.accumulate({scores}, {is_broken});
    return area.value();
}

int main() try {
    set_seed(5);
    const torch::nn::Sequential autoencoder(
        torch::nn::Linear(kSensors, 64), torch::nn::GELU(), torch::nn::Linear(64, 3),  //
        torch::nn::Linear(3, 64), torch::nn::GELU(), torch::nn::Linear(64, kSensors));
    const auto dls = DataLoaders::from_dataset(Readings{readings(8000)});
    Learner learn(dls, autoencoder, {.loss = mse_loss_flat().of_inputs(), .metrics = {mae().of_inputs()}});
    learn.fit_one_cycle(20, 5e-3);

    auto unseen = readings(1000);
    std::cout << "What is read back differs by " << learn.validate().metrics.at("mae")
              << " on average, of readings that differ by " << (unseen - unseen.mean(0)).abs().mean().item<double>()
              << "\n";

    // One sensor of every second row says what it said of another row.
    const auto is_broken = torch::arange(1000) % 2 == 1;
    const auto rows = is_broken.nonzero().view(-1), sensors = torch::randint(kSensors, {rows.numel()});
    unseen.index_put_({rows, sensors}, unseen.roll(2, 0).index({rows, sensors}));
    const auto losses = learn.get_preds(DataLoader({.inputs = {unseen}, .targets = {}})).losses;
    std::cout << "Readings with a broken sensor are found with an area under the ROC curve of "
              << area_under_curve(losses, is_broken) << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
