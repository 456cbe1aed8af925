#include <embark/optim/update_rule.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "optimizer_training.h"
#include "test_files.h"

namespace embark {
namespace update_rule_test {

using ::testing::HasSubstr;
using testing::message_of;

UpdateRule sign_rule() {
    return {.name = "SignSGD",
            .hypers = {{"mom", 0.9}},
            .state = {"grad_avg"},
            .counts_steps = true,
            .step = [](DenseUpdate& update) {
                average_grad(update, /*dampening=*/true);
                const auto& averages = update.state.at("grad_avg");
                for (size_t i = 0; i < averages.size(); ++i) {
                    update.parameters[i].sub_(averages[i].sign(), update.hyper("lr") / debias(0.5, update.step));
                }
            }};
}

TEST(UpdateRule, of_the_users_own_is_saved_and_resumed_as_ours_are) {
    testing::Training whole(optimizer_of(sign_rule())), begun(optimizer_of(sign_rule()));
    whole.steps(0, 6);
    begun.steps(0, 3);
    const auto state = testing::copy_of(begun.optimizer->state());
    EXPECT_TRUE(state.contains("weight.grad_avg"));
    EXPECT_EQ(state.at("late.step").item<int64_t>(), 2);
    begun.renew();
    begun.optimizer->load_state(state);
    begun.steps(3, 6);
    EXPECT_TRUE(begun.equals(whole));
}

TEST(UpdateRule, needs_no_weight_decay) {
    testing::Training training(optimizer_of({.name = "Plain", .step = [](DenseUpdate& update) {
                                                 EXPECT_EQ(update.wd, 0);
                                                 at::_foreach_add_(update.parameters, update.gradients,
                                                                   -update.hyper("lr"));
                                             }}));
    training.steps(0, 2);
    EXPECT_FALSE(training.optimizer->has_hyper("wd"));
}

TEST(UpdateRule, that_can_never_be_right_is_refused) {
    EXPECT_THAT(message_of<UsageError>([] { optimizer_of({.name = "None"}); }), HasSubstr("a name and a step"));
    for (const std::vector<std::string>& state : {std::vector<std::string>{"step"}, {"a", "a"}, {"a.b"}, {""}}) {
        auto rule = sign_rule();
        rule.state = state;
        EXPECT_THAT(message_of<UsageError>([&] { optimizer_of(rule); }),
                    HasSubstr("SignSGD cannot keep a state named"));
    }
    testing::Training asks(optimizer_of({.name = "Asks", .step = [](DenseUpdate& update) { update.hyper("beta"); }}));
    EXPECT_THAT(message_of<Error>([&] { asks.step(0); }), HasSubstr("hyper-parameter 'beta'"));
}

TEST(Optimizer, has_every_tensor_once) {
    const auto weight = torch::ones({2}).set_requires_grad(true);
    EXPECT_THAT(message_of<Error>([&] {
                    optimizer_of(sign_rule())({{.parameters = {{"a", weight}}}, {.parameters = {{"b", weight}}}});
                }),
                HasSubstr("The tensor of 'b' is among the optimizer's parameters twice"));
}

}  // namespace update_rule_test
}  // namespace embark
