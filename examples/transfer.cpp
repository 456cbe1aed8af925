// Weights that were trained in Python, with a new head.
//
// `python transfer.py waves` trains a network that tells waves of eight directions apart, and writes its weights with
// Python's safetensors. Here the same network is to tell four other directions apart, from 40 pictures: load_weights
// finds the tensors by their names, and says what does not fit, the head for eight classes. fine_tune trains the new
// head first, then all of it. (Weights that torch.save wrote are read in the same way: "pretrained.pth".)
//
//     example_transfer waves
//
// Expected: tables of the fits, then
//
//     Not taken over: head.bias, head.weight
//     Accuracy: from its own beginning 0.8…, from Python's weights 0.9…
//
// the second at least 0.88, and above the first.
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// transfer.py has the same, with the same names.
struct NetImpl : torch::nn::Module {
    torch::nn::Sequential body{torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 16, 5).padding(2).bias(false)),
                               torch::nn::BatchNorm2d(16),
                               torch::nn::ReLU(),
                               torch::nn::MaxPool2d(2),
                               torch::nn::Conv2d(torch::nn::Conv2dOptions(16, 32, 3).padding(1).bias(false)),
                               torch::nn::BatchNorm2d(32),
                               torch::nn::ReLU(),
                               torch::nn::AdaptiveAvgPool2d(1),
                               torch::nn::Flatten()};
    torch::nn::Linear head;

    explicit NetImpl(int64_t n_classes) : head(32, n_classes) {
        register_module("body", body);
        register_module("head", head);
    }
    torch::Tensor forward(const torch::Tensor& x) { return head(body->forward(x)); }
};
TORCH_MODULE(Net);

Learner learner(const DataLoaders& dls, const Net& net) {
    return Learner(dls, net,
                   {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}, .param_groups = {{"body"}, {"head"}}});
}

int main(int argc, char** argv) try {
    if (argc < 2) throw UsageError("Usage: example_transfer FOLDER");
    const std::filesystem::path folder = argv[1];
    const auto pictures = read_weights(folder / "pictures.safetensors");
    const auto dls = DataLoaders::from_tensors(
        {.inputs = {pictures.at("train.x")}, .targets = {pictures.at("train.y")}},
        {.inputs = {pictures.at("test.x")}, .targets = {pictures.at("test.y")}}, {.batch_size = 8});
    set_seed(1);
    Net own(4), transferred(4);
    Learner from_own = learner(dls, own);
    from_own.fit_one_cycle(10, 5e-3);

    const auto loaded = load_weights(*transferred, folder / "pretrained.safetensors", {.strict = false});
    Learner from_python = learner(dls, transferred);
    from_python.fine_tune(10, 5e-3);

    std::cout << "Not taken over: " << join(loaded.wrong_shape) << "\n"
              << "Accuracy: from its own beginning " << from_own.validate().metrics.at("accuracy")
              << ", from Python's weights " << from_python.validate().metrics.at("accuracy") << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
