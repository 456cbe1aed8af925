// A model of text, image and table, as a user trains and exports it.
#include <embark/modules/multi_input_model.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/learners/export/exported_model.h>
#include <embark/learners/learner.h>
#include <embark/metrics/classification_metrics.h>
#include <embark/modules/image_encoder.h>
#include <embark/modules/tabular_model.h>
#include <embark/modules/text_encoder.h>

#include "test_files.h"

using namespace embark;

namespace multi_input_model_test {

constexpr int64_t kRows = 1200, kWords = 12, kCategories = 4;

/// Texts of 1 to 6 words, one of which, at any place, is word 3 where `yes` and word 2 where not.
at::Tensor texts_saying(const at::Tensor& yes) {
    at::Tensor tokens = torch::randint(4, kWords, {kRows, 6}, at::kLong);
    const at::Tensor lengths = torch::randint(1, 7, {kRows, 1}, at::kLong);
    const at::Tensor places = torch::arange(6).unsqueeze(0);
    tokens = tokens.where(places < lengths, torch::zeros_like(tokens));
    const at::Tensor said = (torch::randint(1000, {kRows, 1}, at::kLong).remainder(lengths)) == places;
    return tokens.where(said.logical_not(), (yes.unsqueeze(1) + 2).expand_as(tokens));
}

/// Stripes that stand or lie, with noise.
at::Tensor images_of_stripes(const at::Tensor& standing) {
    const at::Tensor stripes = (torch::arange(8).remainder(4) < 2).to(at::kFloat);
    const at::Tensor lying = stripes.unsqueeze(1).expand({8, 8}), upright = stripes.unsqueeze(0).expand({8, 8});
    const at::Tensor image = torch::where(standing.view({-1, 1, 1, 1}).to(at::kBool), upright, lying);
    return image + 0.3 * torch::randn({kRows, 1, 8, 8});
}

/// Rows of a text, an image, a category and a number. The class is the parity of three yes-or-no facts, one of which
/// the text, one the image, and one category and number tell; so two of them say nothing about it.
TensorDataset parity_of_three() {
    torch::manual_seed(1);
    const at::Tensor facts = torch::randint(2, {kRows, 3}, at::kLong);
    const at::Tensor categories = torch::randint(kCategories, {kRows, 1}, at::kLong);
    const at::Tensor distances = 0.5 + torch::rand({kRows, 1});
    const at::Tensor numbers = categories + torch::where(facts.select(1, 2).unsqueeze(1) > 0, distances, -distances);
    return {.inputs = {texts_saying(facts.select(1, 0)), images_of_stripes(facts.select(1, 1)), categories, numbers},
            .targets = {facts.sum(1).remainder(2)}};
}

std::vector<Branch> all_branches() {
    return {{"text", TextEncoder(TextEncoderOptions{.n_tokens = kWords, .embedding_size = 8, .hidden_size = 8}), {0}},
            {"image", ImageEncoder(ImageEncoderOptions{.channels = 1, .layers = {8, 16}}), {1}},
            {"table",
             TabularModel(TabularModelOptions{
                 .embeddings = {{kCategories, 3}}, .n_cont = 1, .outputs = {{.size = 16}}, .layers = {32}}),
             {2, 3},
             16}};
}

Learner learner_of(const DataLoaders& dls, std::vector<Branch> branches) {
    set_seed(2);
    MultiInputModel model(std::move(branches), {.n_out = 2, .layers = {32}});
    return Learner(dls, model, {.loss = cross_entropy_loss_flat(), .metrics = {accuracy()}, .progress = false});
}

double accuracy_without(const DataLoaders& dls, const std::string& name) {
    std::vector<Branch> branches = all_branches();
    std::erase_if(branches, [&](const Branch& branch) { return branch.name == name; });
    Learner learn = learner_of(dls, std::move(branches));
    learn.fit_one_cycle(6, 1e-2);
    return learn.validate().metrics.at("accuracy");
}

TEST(MultiInputModelTraining, learns_what_no_two_of_three_branches_can) {
    const auto dls = DataLoaders::from_tensors(parity_of_three(), {.batch_size = 32});
    Learner learn = learner_of(dls, all_branches());
    learn.fit_one_cycle(6, 1e-2);
    EXPECT_GT(learn.validate().metrics.at("accuracy"), 0.95);
    for (const std::string name : {"text", "image", "table"}) EXPECT_LT(accuracy_without(dls, name), 0.62) << name;
}

TEST(MultiInputModelTraining, exports_what_it_learned) {
    embark::testing::TemporaryFolder folder;
    const auto dls = DataLoaders::from_tensors(parity_of_three(), {.batch_size = 32});
    Learner learn = learner_of(dls, all_branches());
    learn.fit(1);
    learn.export_torchscript(folder.path() / "model.pt");

    const auto exported = ExportedModel::load(folder.path() / "model.pt");
    learn.model().module().eval();
    const torch::NoGradGuard no_grad;
    for (const int64_t rows : {1, 3, 64}) {
        Tensors inputs;
        for (const auto& input : dls.valid().data().inputs) inputs.push_back(input.slice(0, 0, rows));
        const Tensors expected = learn.model()(inputs), result = exported.forward(inputs);
        ASSERT_EQ(result.size(), 1u);
        EXPECT_TRUE(torch::allclose(result.front(), expected.front(), 1e-5, 1e-6)) << rows;
    }
}

TEST(MultiInputModelTraining, has_parameter_groups_by_the_names_of_branches) {
    const auto dls = DataLoaders::from_tensors(parity_of_three(), {.batch_size = 32});
    MultiInputModel model(all_branches(), {.n_out = 2});
    Learner learn(dls, model,
                  {.loss = cross_entropy_loss_flat(),
                   .param_groups = {{"text", "image"}, {"table"}, {"head"}},
                   .progress = false});
    learn.freeze_to(1);
    const auto before = model->named_parameters()["text.embedding.weight"].clone();
    const auto head = model->named_parameters()["head.0.0.weight"].clone();
    learn.fit(1, 1e-2);
    EXPECT_TRUE(model->named_parameters()["text.embedding.weight"].equal(before));
    EXPECT_FALSE(model->named_parameters()["head.0.0.weight"].equal(head));
}

}  // namespace multi_input_model_test
