#include <embark/callbacks/category_dropout.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../test_files.h"
#include "hand_made_fit.h"

namespace embark {
namespace category_dropout_test {

using testing::HandMadeFit;
using testing::message_of;

TEST(CategoryDropout, hides_its_share_of_a_training_batch_and_nothing_else) {
    torch::manual_seed(3);
    HandMadeFit fit;
    fit.state.training = true;
    const at::Tensor categories = torch::ones({5000, 4}, at::kLong), numbers = torch::ones({5000, 2});
    fit.state.batch = {.inputs = {categories, numbers}, .targets = {}};
    CategoryDropout callback(0.1);
    callback.before_batch(fit.state);
    EXPECT_NEAR(fit.state.batch.inputs[0].eq(0).to(at::kDouble).mean().item<double>(), 0.1, 0.01);
    EXPECT_TRUE(at::equal(fit.state.batch.inputs[1], numbers));
    EXPECT_TRUE(categories.eq(1).all().item<bool>());  // the data set itself stays as it was
}

TEST(CategoryDropout, leaves_validation_alone) {
    HandMadeFit fit;
    fit.state.training = false;
    fit.state.batch = {.inputs = {torch::ones({100, 4}, at::kLong)}, .targets = {}};
    CategoryDropout callback(0.9);
    callback.before_batch(fit.state);
    EXPECT_TRUE(fit.state.batch.inputs[0].eq(1).all().item<bool>());
}

TEST(CategoryDropout, says_what_it_cannot_do) {
    EXPECT_THAT(message_of<UsageError>([] { CategoryDropout(1); }), ::testing::HasSubstr("below 1"));
    EXPECT_THAT(message_of<UsageError>([] { CategoryDropout(-0.1); }), ::testing::HasSubstr("-0.1"));
    HandMadeFit fit;
    fit.state.training = true;
    fit.state.batch = {.inputs = {torch::ones({10, 4})}, .targets = {}};
    CategoryDropout callback(0.5);
    EXPECT_THAT(message_of<Error>([&] { callback.before_batch(fit.state); }), ::testing::HasSubstr("int64"));
}

}  // namespace category_dropout_test
}  // namespace embark
