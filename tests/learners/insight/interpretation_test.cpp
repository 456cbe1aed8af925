#include <embark/learners/insight/interpretation.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/insight/summary.h>

#include "python.h"
#include "test_files.h"

namespace embark {
namespace interpretation_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

/// Answers with its input.
struct Same : torch::nn::Module {
    Same() { register_parameter("unused", torch::zeros({1})); }
    at::Tensor forward(const at::Tensor& x) { return x; }
};

/// Four rows of three classes; what is predicted: 0, 2, 1, 1.
Learner three_classes() {
    const auto logits = torch::tensor({{5.0, 0.0, 0.0}, {0.0, 0.0, 2.0}, {0.0, 9.0, 0.0}, {0.0, 1.0, 0.0}}, at::kFloat);
    const auto y = torch::tensor({0, 0, 1, 2});
    const TensorDataset data{{logits}, {y}};
    return Learner(DataLoaders::from_tensors(data, data, {.batch_size = 4}), std::make_shared<Same>(),
                   {.loss = cross_entropy_loss_flat(), .progress = false});
}

TEST(Interpretation, counts_which_class_was_taken_for_which) {
    auto learn = three_classes();
    const auto matrix = Interpretation(learn).confusion_matrix({"cat", "dog", "fox"});
    EXPECT_TRUE(matrix.counts.equal(torch::tensor({{1, 0, 1}, {0, 1, 0}, {0, 1, 0}})));
    EXPECT_TRUE(
        matrix.normalized().allclose(torch::tensor({{0.5, 0.0, 0.5}, {0.0, 1.0, 0.0}, {0.0, 1.0, 0.0}}, at::kDouble)));
    const auto confused = matrix.most_confused();
    ASSERT_EQ(confused.size(), 2U);
    EXPECT_EQ(confused[0].actual, "cat");
    EXPECT_EQ(confused[0].predicted, "fox");
    EXPECT_EQ(confused[1].count, 1);
    EXPECT_TRUE(matrix.most_confused(2).empty());
    EXPECT_EQ(matrix.text(),
              "actual \\ predicted     cat     dog     fox\n"
              "cat                      1       0       1\n"
              "dog                      0       1       0\n"
              "fox                      0       1       0\n");
    EXPECT_THAT(message_of<Error>([&] {
                    Interpretation(learn).confusion_matrix({"a", "b"});
                }),
                HasSubstr("2 names for 3 classes"));
}

TEST(Interpretation, vega_lite_draws_the_confusion_matrix) {
    EMBARK_NEEDS_PYTHON_MODULE("vl_convert");
    auto learn = three_classes();
    const testing::TemporaryFolder folder;
    Interpretation(learn).confusion_matrix({"zebra", "ant", "bee"}).plot().save(folder.path() / "matrix.json");
    const auto texts = testing::run_python("check_plots.py", {folder.path() / "matrix.json"});
    for (const char* text : {"Confusion matrix", "actual", "predicted", "zebra", "ant", "bee", "1"}) {
        EXPECT_THAT(texts, HasSubstr(std::string(text) + "\n"));
    }
    EXPECT_LT(texts.find("zebra"), texts.find("ant"));
}

TEST(Interpretation, top_losses_come_with_their_rows) {
    auto learn = three_classes();
    const Interpretation interp(learn);
    const Table worst = interp.top_losses(2);
    EXPECT_THAT(worst.text("row"), ElementsAre("1", "3"));
    EXPECT_THAT(worst.text("prediction"), ElementsAre("2", "1"));
    EXPECT_THAT(worst.text("target_0"), ElementsAre("0", "2"));
    EXPECT_TRUE(worst.numbers("loss").allclose(
        interp.predictions().losses.index_select(0, torch::tensor({1, 3})).to(at::kDouble)));
    EXPECT_THAT(interp.top_losses(1, /*largest=*/false).text("row"), ElementsAre("2"));
    EXPECT_EQ(interp.top_losses(100).rows(), 4);
}

TEST(Interpretation, numbers_have_no_confusion_matrix) {
    const auto x = torch::randn({4, 1});
    Learner learn(DataLoaders::from_tensors({{x}, {x}}, {{x}, {x}}), torch::nn::Linear(1, 1),
                  {.loss = mse_loss_flat(), .progress = false});
    EXPECT_THAT(message_of<Error>([&] { Interpretation(learn).confusion_matrix(); }), HasSubstr("mse loss"));
}

TEST(Interpretation, results_stand_beside_raw_values) {
    const Table ratings = Table::from_text(
        {{"user", {"a", "a", "b", "b"}}, {"item", {"x", "y", "x", "y"}}, {"rating", {"1", "2", "3", "4"}}});
    auto learn = collab_learner(CollabDataLoaders::from_tables(ratings, ratings), {}, {.progress = false});
    const Table results = learn.results(3);
    EXPECT_THAT(results.names(), ElementsAre("user", "item", "rating", "prediction"));
    EXPECT_THAT(results.text("item"), ElementsAre("x", "y", "x"));
    EXPECT_NEAR(results.numbers("prediction")[1].item<double>(), learn.predict("a", "y"), 1e-6);
    EXPECT_EQ(learn.results(0).rows(), 0);
    EXPECT_THROW(learn.results(-1), UsageError);
}

TEST(Summary, lists_layers_with_shapes_and_parameters) {
    const auto x = torch::randn({8, 4}), y = torch::randn({8, 1});
    torch::nn::Sequential model(torch::nn::Linear(4, 5), torch::nn::BatchNorm1d(5), torch::nn::ReLU(),
                                torch::nn::Dropout(0.5), torch::nn::Linear(5, 3), torch::nn::LeakyReLU(),
                                torch::nn::Linear(3, 1));
    Learner learn(DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 8}), model,
                  {.loss = mse_loss_flat(), .param_groups = {{"0", "1", "4"}, {"6"}}, .progress = false});
    learn.freeze();
    const auto before = rng_state();
    const Summary summary = learn.summary();
    EXPECT_TRUE(rng_state().equal(before));
    std::vector<std::string> lines;
    for (const auto& layer : summary.layers) lines.push_back(concat(layer.name, " ", layer.type));
    EXPECT_THAT(lines,
                ElementsAre("0 Linear", "1 BatchNorm1d", "2 ReLU", "3 Dropout", "4 Linear", "5 LeakyReLU", "6 Linear"));
    const std::vector<int64_t> wide = {8, 5}, narrow = {8, 3}, last = {8, 1};
    EXPECT_EQ(summary.layers[0].output_shape, wide);
    EXPECT_EQ(summary.layers[1].output_shape, wide);
    EXPECT_EQ(summary.layers[3].output_shape, wide);
    EXPECT_EQ(summary.layers[5].output_shape, narrow);
    EXPECT_EQ(summary.layers[6].output_shape, last);
    EXPECT_EQ(summary.parameters, 25 + 10 + 18 + 4);
    EXPECT_EQ(summary.trained_parameters, 10 + 4);
    EXPECT_THAT(summary.text(), HasSubstr("57 parameters, 14 of them trained"));
}

TEST(Summary, shows_embeddings_of_a_collab_model) {
    const Table ratings = Table::from_text({{"user", {"a", "b"}}, {"item", {"x", "y"}}, {"rating", {"1", "2"}}});
    auto learn =
        collab_learner(CollabDataLoaders::from_tables(ratings, ratings), {.n_factors = 5}, {.progress = false});
    const Summary summary = learn.summary();
    EXPECT_EQ(summary.model, "DotProductBias");
    ASSERT_EQ(summary.layers.size(), 4U);
    EXPECT_EQ(summary.layers[0].type, "Embedding");
    EXPECT_EQ(summary.layers[0].output_shape, (std::vector<int64_t>{2, 5}));
}

}  // namespace interpretation_test
}  // namespace embark
