#include <embark/modules/numeric_embedding.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>

#include "baselines.h"
#include "parity.h"
#include "test_files.h"

namespace embark {
namespace numeric_embedding_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;

constexpr auto kPeriodic = NumberEmbeddingKind::periodic;
constexpr auto kPiecewiseLinear = NumberEmbeddingKind::piecewise_linear;

void expect_parity(const NumericEmbeddingOptions& options, const std::string& variant) {
    const auto tensors = testing::tensor_baseline("number_embeddings.safetensors").tensors;
    NumericEmbedding model(3, options);
    testing::load_weights(*model, tensors, variant + ".weights.");
    const auto result = model(tensors.at("x"));
    EXPECT_EQ(result.sizes(), at::IntArrayRef({16, 3 * options.width}));
    EXPECT_LE(largest_difference(result, tensors.at(variant + ".result")), 1e-5);
    (result * tensors.at("probe")).sum().backward();
    testing::expect_gradients(*model, tensors, variant + ".gradient.", 1e-5);
}

TEST(NumericEmbedding, periodic_agrees_with_the_papers_formula) {
    expect_parity({.kind = kPeriodic, .width = 4, .n_frequencies = 5}, "periodic_shared");
    expect_parity({.kind = kPeriodic, .width = 4, .n_frequencies = 5, .shared = false}, "periodic");
}

TEST(NumericEmbedding, piecewise_linear_agrees_with_the_papers_formula) {
    const auto metadata = testing::tensor_baseline("number_embeddings.safetensors").metadata;
    const auto bins = nlohmann::json::parse(metadata.at("bins")).get<std::vector<std::vector<double>>>();
    expect_parity({.kind = kPiecewiseLinear, .width = 4, .bins = bins}, "piecewise_linear");
}

TEST(NumericEmbedding, numbers_outside_their_bins_are_extrapolated) {
    NumericEmbedding model(
        2, NumericEmbeddingOptions{.kind = kPiecewiseLinear, .width = 3, .bins = {{0, 1, 3, 4}, {0, 2}}});
    {
        torch::NoGradGuard no_grad;
        model->linear->weight.copy_(torch::eye(3).expand({2, 3, 3}));
        model->linear->bias.fill_(10);  // so that negative numbers pass the ReLU
    }
    const auto result = model(torch::tensor({{-2.0F, -4.0F}, {2.0F, 1.0F}, {6.0F, 5.0F}})) - 10;
    const auto expected = torch::tensor({{-2.0F, 0.0F, 0.0F, -2.0F, 0.0F, 0.0F},
                                         {1.0F, 0.5F, 0.0F, 0.5F, 0.0F, 0.0F},
                                         {1.0F, 1.0F, 3.0F, 2.5F, 0.0F, 0.0F}});
    EXPECT_LE(largest_difference(result, expected), 1e-6);
}

TEST(NumericEmbedding, frequencies_start_as_a_normal_cut_at_three_deviations) {
    torch::manual_seed(2);
    const NumericEmbedding model(
        100, NumericEmbeddingOptions{.kind = kPeriodic, .n_frequencies = 1000, .frequency_scales = {2, 2}});
    const auto c = model->frequencies.detach();
    EXPECT_LE(c.abs().max().item<double>(), 6);
    EXPECT_GT(c.abs().max().item<double>(), 5.8);
    EXPECT_NEAR(c.mean().item<double>(), 0, 0.03);
    EXPECT_NEAR(c.std().item<double>(), 2 * 0.98658, 0.02);  // of a normal number within three deviations
    EXPECT_NEAR(c.abs().lt(2).to(at::kDouble).mean().item<double>(), 0.68269 / 0.9973, 0.01);
    EXPECT_LE(model->shared_linear->weight.abs().max().item<double>(), 1 / std::sqrt(2000));
}

TEST(NumericEmbedding, deviations_of_frequencies_go_from_the_one_to_the_other_by_equal_factors) {
    torch::manual_seed(2);
    const NumericEmbedding model(
        4000, NumericEmbeddingOptions{.kind = kPeriodic, .n_frequencies = 3, .frequency_scales = {0.5, 8}});
    const auto deviations = model->frequencies.detach().std(0) / 0.98658;
    EXPECT_NEAR(deviations[0].item<double>(), 0.5, 0.02);
    EXPECT_NEAR(deviations[1].item<double>(), 2, 0.08);
    EXPECT_NEAR(deviations[2].item<double>(), 8, 0.3);
}

TEST(NumericEmbedding, bins_are_buffers_that_a_copy_has_too) {
    NumericEmbedding model(1, NumericEmbeddingOptions{.kind = kPiecewiseLinear, .bins = {{0, 1, 3}}});
    EXPECT_EQ(model->named_buffers().size(), 4U);
    EXPECT_TRUE(model->named_buffers()["bin_low"].equal(torch::tensor({{0.0F, 1.0F}})));
    const auto copy = std::dynamic_pointer_cast<NumericEmbeddingImpl>(model->clone());
    const auto x = torch::randn({5, 1});
    EXPECT_TRUE(copy->forward(x).equal(model(x)));
}

TEST(QuantileBins, are_the_distinct_quantiles_of_each_column) {
    const auto x = torch::tensor({{0.0, 5.0}, {4.0, 5.0}, {1.0, 5.0}, {2.0, 5.0}, {3.0, 9.0}});
    const auto bins = quantile_bins(x, 4);
    ASSERT_EQ(bins.size(), 2U);
    EXPECT_THAT(bins[0], ElementsAre(0, 1, 2, 3, 4));
    EXPECT_THAT(bins[1], ElementsAre(5, 9));
    EXPECT_THAT(quantile_bins(x, 8)[0], ElementsAre(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4));
    EXPECT_THROW(quantile_bins(x, 0), UsageError);
    EXPECT_THAT(message_of<Error>([] { quantile_bins(torch::zeros({0, 2})); }), HasSubstr("not [0, 2]"));
}

TEST(QuantileBins, are_such_as_an_embedder_takes_whatever_the_numbers) {
    // A constant, a large one, and numbers with no more than one float between them.
    const auto x = torch::tensor({{0.0, 1e9, 1e9}, {0.0, 1e9, 1e9 + 64}, {0.0, 1e9, 1e9 + 128}});
    NumericEmbedding model(3, NumericEmbeddingOptions{.kind = kPiecewiseLinear, .bins = quantile_bins(x)});
    EXPECT_TRUE(model(x.to(at::kFloat)).isfinite().all().item<bool>());
}

TEST(NumericEmbedding, prints_its_sizes) {
    std::ostringstream out;
    out << NumericEmbedding(2, NumericEmbeddingOptions{.kind = kPeriodic});
    EXPECT_TRUE(out.str().starts_with(
        "embark::NumericEmbedding(n_cont=2, width=16, n_frequencies=48, frequency_scales=(0.25, 16), shared=true)"));
}

TEST(NumericEmbedding, refuses_settings_that_can_never_be_right) {
    const auto message = [](int64_t n_cont, const NumericEmbeddingOptions& options) {
        return message_of<UsageError>([&] { NumericEmbedding(n_cont, options); });
    };
    EXPECT_THAT(message(1, {}), HasSubstr("needs a kind"));
    EXPECT_THAT(message(0, {.kind = kPeriodic}), HasSubstr("numbers to embed 0"));
    EXPECT_THAT(message(1, {.kind = kPeriodic, .width = 0}), HasSubstr("width of the numbers' embeddings 0"));
    EXPECT_THAT(message(1, {.kind = kPeriodic, .n_frequencies = 0}), HasSubstr("n_frequencies 0"));
    EXPECT_THAT(message(1, {.kind = kPeriodic, .frequency_scales = {0, 1}}), HasSubstr("frequency_scales from 0 to 1"));
    EXPECT_THAT(message(1, {.kind = kPeriodic, .frequency_scales = {2, 1}}), HasSubstr("frequency_scales from 2 to 1"));
    EXPECT_THAT(message(2, {.kind = kPiecewiseLinear, .bins = {{0, 1}}}), HasSubstr("2 lists of edges, not 1"));
    EXPECT_THAT(message(1, {.kind = kPiecewiseLinear, .bins = {{0}}}), HasSubstr("bins of number 0"));
    EXPECT_THAT(message(2, {.kind = kPiecewiseLinear, .bins = {{0, 1}, {0, 2, 2}}}), HasSubstr("bins of number 1"));
    EXPECT_THAT(message(1, {.kind = kPiecewiseLinear, .bins = {{1, 1 + 1e-12}}}), HasSubstr("bins of number 0"));
    EXPECT_THAT(message(1, {.kind = kPiecewiseLinear, .bins = {{0, INFINITY}}}), HasSubstr("finite"));
}

}  // namespace numeric_embedding_test
}  // namespace embark
