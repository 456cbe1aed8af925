// The program of docs/tutorials/processes.md: one fit in several processes. It makes its own data.
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// Points and whether they lie inside a circle, the same in every process.
TensorDataset circle() {
    Random random(1);
    const auto points = torch::rand({4000, 2}, random) * 6 - 3;
    return {.inputs = {points}, .targets = {(points.square().sum(1) < 4).to(torch::kLong)}};
}

int main() try {
    set_seed(42);
    const auto dls = DataLoaders::from_tensors(circle(), {.batch_size = 100});
    torch::nn::Sequential net(torch::nn::Linear(2, 32), torch::nn::ReLU(), torch::nn::Linear(32, 2));

    const auto parallel = data_parallel();
    Learner learn(dls, net, {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}, .callbacks = {parallel}});
    learn.fit_one_cycle(3, 1e-2);

    const Validation answer = learn.validate();
    if (learn.is_main_process()) {
        std::cout << "The main process: accuracy " << format_number(answer.metrics.at("accuracy"), 3) << ", "
                  << parallel->bytes_per_step() << " bytes sent in a step\n";
    }
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
