// Pictures from files.
//
// A folder for each class, with PNG or JPEG files in it, is a data set: ImageDataset::from_folder. The workers decode
// the files, and resize and augment the pictures, while the model trains. Here they are handwritten digits of 8 × 8
// pixels, which scikit-learn has, 1797 of them: `python digits.py digits` writes them into such folders.
//
//     example_images digits [SEED]
//
// The network is a small one of convolutions. Each time that a picture is seen it is moved by up to a pixel:
// random_crop with padding, which is for training alone. Before and after training a page of HTML shows pictures of a
// batch; open it in a browser. The exported file knows the classes' names; in Python:
//
//     >>> digits = torch.jit.load("digits.pt")
//     >>> digits.classify(pictures)          # (n, 1, 8, 8), from 0 to 1
//     (['3', '7'], tensor([[…], […]]))
//
// Expected: the table of 20 epochs, the last accuracy at least 0.98, then
//
//     The exported file's answers to 1, 7 and 100 pictures are the model's own: yes
//     digits/0/0.png is 0
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// Convolution, batch norm and ReLU.
torch::nn::Sequential convolution(int64_t inputs, int64_t outputs) {
    return torch::nn::Sequential(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(inputs, outputs, 3).padding(1).bias(false)),
        torch::nn::BatchNorm2d(outputs), torch::nn::ReLU());
}

torch::nn::Sequential digit_net(int64_t n_classes) {
    torch::nn::Sequential net;
    net->extend(*convolution(1, 32));
    net->push_back(torch::nn::MaxPool2d(2));  // 8 × 8 becomes 4 × 4
    net->extend(*convolution(32, 64));
    net->extend(*convolution(64, 64));
    net->push_back(torch::nn::AdaptiveAvgPool2d(2));
    net->push_back(torch::nn::Flatten());
    net->push_back(torch::nn::Dropout(0.2));
    net->push_back(torch::nn::Linear(4 * 64, n_classes));
    return net;
}

int main(int argc, char** argv) try {
    if (argc < 2) throw UsageError("Usage: example_images FOLDER [SEED]");
    const uint64_t seed = argc > 2 ? std::stoull(argv[2]) : 1;
    set_seed(seed);

    const auto digits =
        ImageDataset::from_folder(argv[1], {.image = {.channels = 1, .height = 8, .width = 8}, .skip_broken = true});
    for (const Warning& warning : digits.warnings()) std::cerr << warning.message << "\n";
    const auto dls = DataLoaders::from_dataset(
        digits, {.batch_size = 64, .seed = seed, .transforms = {random_crop(8, 1)}, .workers = 1});
    dls.show_batch("batch.html");

    const auto n_classes = static_cast<int64_t>(digits.classes().size());
    Learner learn(dls, digit_net(n_classes), {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}});
    learn.fit_one_cycle(20, 1e-2);
    learn.show_results("results.html");
    learn.export_torchscript("digits.pt");

    const auto file = Predictor::load("digits.pt");
    bool are_same = true;
    for (const int64_t n : {1, 7, 100}) {
        const Tensors pictures = {dls.valid().first_rows(n).inputs[0]};
        const auto answer = file.call("classify", {pictures[0]});
        const auto probabilities = answer.toTupleRef().elements()[1].toTensor();
        are_same = are_same && torch::allclose(probabilities, learn.predict(pictures), 1e-5, 1e-6);
    }
    std::cout << "The exported file's answers to 1, 7 and 100 pictures are the model's own: "
              << (are_same ? "yes" : "no") << "\n";

    const auto picture = read_image(digits.files()[0], {.channels = 1, .height = 8, .width = 8});
    const auto answer = file.call("classify", {picture.unsqueeze(0)});
    std::cout << digits.files()[0].string() << " is " << answer.toTupleRef().elements()[0].toListRef()[0].toStringRef()
              << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
