#include <embark/callbacks/mc_dropout.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hand_made_fit.h"

namespace embark {
namespace mc_dropout_test {

struct WordDropoutImpl : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) { return torch::dropout(x, 0.5, is_training()); }
};
TORCH_MODULE(WordDropout);

/// A model whose own name holds the word, with a layer of each kind.
struct DropoutNet : torch::nn::Module {
    DropoutNet() {
        register_module("linear", torch::nn::Linear(2, 2));
        register_module("dropout", torch::nn::Dropout(0.5));
        register_module("norm", torch::nn::BatchNorm1d(2));
        register_module("inner", torch::nn::Sequential(torch::nn::AlphaDropout(0.5)));
        register_module("word", WordDropout());
    }
};

TEST(MCDropout, puts_dropout_layers_alone_in_train_mode) {
    const auto model = std::make_shared<DropoutNet>();
    const auto in_train_mode = [&] {
        std::vector<std::string> names;
        for (const auto& module : model->named_modules()) {
            if (module.value()->is_training()) names.push_back(module.key());
        }
        return names;
    };
    testing::HandMadeFit fit;
    fit.state.model = model.get();
    model->eval();
    MCDropout callback;
    callback.before_validate(fit.state);
    EXPECT_THAT(in_train_mode(), ::testing::ElementsAre("dropout", "inner.0", "word"));
    callback.after_validate(fit.state);
    EXPECT_THAT(in_train_mode(), ::testing::IsEmpty());
}

}  // namespace mc_dropout_test
}  // namespace embark
