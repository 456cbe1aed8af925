// A class that is rare.
//
// Of 20,000 points 2 % are of the class that is looked for, in the midst of others. A model that is trained on them as
// they come learns that nearly everything is of the other class, and overlooks most. A sampler says which rows an epoch
// has, and in which order: class_balanced_sampler draws both classes equally often. It is told the class of all rows,
// although only some of them are for training; validation has every row once, as it is.
//
// Expected: two tables of 5 epochs, then
//
//     Recall of the rare class: plain 0.1…, balanced 0.8…
//
// plain below 0.4, balanced above 0.75.
#include <iostream>

#include <embark/embark.h>

using namespace embark;

double recall_of(const DataLoaders& dls) {
    set_seed(1);
    const torch::nn::Sequential model(torch::nn::Linear(2, 32), torch::nn::ReLU(), torch::nn::Linear(32, 2));
    Learner learn(dls, model, {.loss = cross_entropy_loss_flat(), .metrics = {accuracy(), recall()}});
    learn.fit_one_cycle(5, 1e-2);
    return learn.validate().metrics.at("recall");
}

int main() try {
    set_seed(7);
    const auto is_rare = torch::rand({20'000}) < 0.02;
    const auto centre = is_rare.to(torch::kFloat).unsqueeze(1) * torch::tensor({1.5f, 1.0f});
    const TensorDataset data{.inputs = {torch::randn({20'000, 2}) + centre}, .targets = {is_rare.to(torch::kLong)}};

    const double plain = recall_of(DataLoaders::from_tensors(data));
    const double balanced =
        recall_of(DataLoaders::from_tensors(data, {.sampler = class_balanced_sampler(data.targets[0])}));
    std::cout << "Recall of the rare class: plain " << plain << ", balanced " << balanced << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
