// Classes that count the same however many rows they have.
#include <embark/learners/tabular_learner.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/modules/losses/losses.h>

#include "test_files.h"

using namespace embark;
using embark::testing::message_of;
using ::testing::HasSubstr;

namespace class_weight_test {

/// Five rows of a, two of b and one of c in training; the last four rows are for validation.
TabularDataLoaders unbalanced(const std::string& target = "y") {
    const Table table = Table::from_text({{"x", {"1.5", "2", "3", "4", "5", "6", "7", "8", "1", "2", "3", "4"}},
                                          {"y", {"a", "a", "b", "a", "c", "a", "b", "a", "a", "b", "c", "a"}}});
    return TabularDataLoaders::from_table(table, {.y_names = {target},
                                                  .splitter = index_splitter({8, 9, 10, 11}),
                                                  .batch_size = 8,
                                                  .shuffle = false});
}

TEST(BalancedClasses, count_as_in_scikit_learn) {
    // compute_class_weight("balanced", classes=["a", "b", "c"], y=…) of the training rows.
    const at::Tensor weights = at::tensor({8.f / 15, 8.f / 6, 8.f / 3});
    auto dls = unbalanced();
    set_seed(1);
    auto learn = tabular_learner(dls, {.layers = {4}, .balance_classes = true}, {.progress = false});
    const Predictions valid = learn.get_preds();
    const at::Tensor expected = at::nll_loss(valid.predictions.log(), valid.targets, weights);
    EXPECT_NEAR(learn.validate().loss, expected.item<double>(), 1e-5);
    learn.fit(1, 1e-3);
    set_seed(1);
    auto members = tabular_learner(dls, {.layers = {4}, .members = 3, .balance_classes = true}, {.progress = false});
    members.fit(1, 1e-3);
    EXPECT_TRUE(std::isfinite(members.validate().loss));
}

TEST(BalancedClasses, need_classes_and_the_usual_loss) {
    EXPECT_THAT(message_of<UsageError>([] { tabular_learner(unbalanced("x"), {.balance_classes = true}); }),
                HasSubstr("balance_classes is for targets that are classes"));
    EXPECT_THAT(message_of<UsageError>([] {
                    tabular_learner(unbalanced(), {.balance_classes = true}, {.loss = cross_entropy_loss_flat()});
                }),
                HasSubstr("give a loss of your own their weights"));
}

}  // namespace class_weight_test
