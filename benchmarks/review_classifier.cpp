/// A transformer encoder that tells the stars of a review from its text, trained by a Learner: the C++ side of
/// reviews.py, which has the same model in PyTorch.
///
///     review_classifier DATA.safetensors SEED
///
/// The file has for PART, `train` and `valid`: `PART.tokens`, the tokens of all texts after one another, `PART.ends`,
/// where each text ends, and `PART.classes` (int64 all). Prints the accuracy on `valid`.
#include <cstdio>
#include <string>

#include <torch/torch.h>

#include <embark/embark.h>

using namespace embark;

namespace {

constexpr int64_t kWidth = 64, kMaxLength = 96, kClasses = 5;

/// A review is its tokens, (length), and its class.
struct Reviews {
    torch::Tensor tokens, ends, classes;

    Reviews(const TensorFile& file, const std::string& part)
        : tokens(file.tensors.at(part + ".tokens")),
          ends(file.tensors.at(part + ".ends")),
          classes(file.tensors.at(part + ".classes")) {}

    int64_t size() const { return ends.numel(); }
    std::pair<torch::Tensor, torch::Tensor> get(int64_t index) const {
        const int64_t begin = index == 0 ? 0 : ends[index - 1].item<int64_t>();
        return {tokens.slice(0, begin, ends[index].item<int64_t>()), classes[index]};
    }
};

struct ReviewNetImpl : torch::nn::Module {
    explicit ReviewNetImpl(int64_t n_tokens) {
        using namespace torch::nn;
        embedding = register_module("embedding", Embedding(n_tokens, kWidth));
        position = register_parameter("position", 0.02 * torch::randn({kMaxLength, kWidth}));
        const auto layer = TransformerEncoderLayerOptions(kWidth, 4).dim_feedforward(128).dropout(0.1);
        encoder = register_module("encoder", TransformerEncoder(TransformerEncoderOptions(layer, 2)));
        head = register_module("head", Linear(kWidth, kClasses));
    }

    /// Tokens (n, length), and where they are a text's own.
    torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& mask) {
        const auto x = embedding(tokens) + position.narrow(0, 0, tokens.size(1));
        const auto encoded =
            encoder(x.transpose(0, 1), /*src_mask=*/torch::Tensor(), mask.logical_not()).transpose(0, 1);
        const auto own = mask.unsqueeze(2).to(encoded.dtype());
        return head((encoded * own).sum(1) / own.sum(1));
    }

    torch::nn::Embedding embedding = nullptr;
    torch::Tensor position;
    torch::nn::TransformerEncoder encoder = nullptr;
    torch::nn::Linear head = nullptr;
};
TORCH_MODULE(ReviewNet);

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) throw UsageError("Usage: review_classifier DATA.safetensors SEED");
    const uint64_t seed = std::stoull(argv[2]);
    set_seed(seed);
    const TensorFile file = load_safetensors(argv[1]);
    const Reviews train(file, "train"), valid(file, "valid");
    const auto dls =
        DataLoaders::from_dataset(train, valid,
                                  {.batch_size = 64,
                                   .seed = seed,
                                   .sampler = by_length_sampler(train.ends.diff(1, 0, torch::zeros({1}, torch::kLong))),
                                   .collate = pad_collate({.mask = true})});
    Learner learn(dls, ReviewNet(train.tokens.max().item<int64_t>() + 1),
                  {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}, .progress = false});
    learn.fit_one_cycle(3, 1e-3, {.weight_decay = 0.01});
    std::printf("accuracy %.4f\n", learn.validate().metrics.at("accuracy"));
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
