#include <embark/callbacks/bn_freeze.h>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/learners/learner.h>

namespace embark {
namespace bn_freeze_test {

/// Two batch norm layers, of which the first is frozen, after a fit.
struct Norms {
    torch::nn::BatchNorm1d frozen{3}, trained{4};

    explicit Norms(std::vector<std::shared_ptr<Callback>> callbacks, bool train_bn = false) {
        set_seed(1);
        const auto x = 5 + torch::randn({24, 3}), y = x.sum(1, true);
        const auto dls = DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 8});
        const torch::nn::Sequential model(frozen, torch::nn::Linear(3, 4), trained, torch::nn::Linear(4, 1));
        Learner learn(dls, model,
                      {.loss = mse_loss_flat(),
                       .callbacks = std::move(callbacks),
                       .param_groups = {{"0", "1"}, {"2", "3"}},
                       .train_bn = train_bn,
                       .progress = false});
        learn.freeze();
        learn.fit(2, 0.01);
    }
};

bool has_first_statistics(const torch::nn::BatchNorm1d& norm) {
    return norm->running_mean.equal(torch::zeros_like(norm->running_mean)) &&
           norm->running_var.equal(torch::ones_like(norm->running_var)) &&
           norm->num_batches_tracked.item<int64_t>() == 0;
}

TEST(BnFreeze, keeps_the_statistics_of_norm_layers_that_are_not_trained) {
    const Norms kept({bn_freeze()});
    EXPECT_TRUE(has_first_statistics(kept.frozen));
    EXPECT_FALSE(has_first_statistics(kept.trained));
}

TEST(BnFreeze, leaves_norm_layers_alone_that_are_trained) {
    const Norms trained({bn_freeze()}, /*train_bn=*/true);
    EXPECT_FALSE(has_first_statistics(trained.frozen));
}

TEST(BnFreeze, is_needed_for_that) {
    const Norms moved({});
    EXPECT_FALSE(has_first_statistics(moved.frozen));
}

}  // namespace bn_freeze_test
}  // namespace embark
