#include <embark/modules/tabular_model.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/losses/losses.h>

#include "baselines.h"
#include "parity.h"
#include "test_files.h"

namespace embark {
namespace tabular_model_test {

using ::testing::ElementsAre;
using testing::expect_gradients;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::load_weights;
using testing::message_of;
using testing::tensor_baseline;

/// Batch norm divides by σ, and what it is given was rounded already: in float32 torch's own operations differ from the
/// float64 baselines by more than 1e-5 on some processors. In float64 nothing is left to rounding.
constexpr double kTolerance = 1e-5, kTolerance64 = 1e-10;
const std::vector<EmbeddingSize> kEmbeddings = {{5, 3}, {7, 2}, {4, 2}};

TabularModelOptions sizes(std::vector<TabularOutput> outputs = {TabularOutput{}}) {
    return {.embeddings = kEmbeddings, .n_cont = 4, .outputs = std::move(outputs), .layers = {6, 5}};
}

TabularModelOptions changed(TabularModelOptions options, const std::function<void(TabularModelOptions&)>& change) {
    change(options);
    return options;
}

/// Two batches in training and one in eval mode, in numbers of type `dtype`, compared with fastai's model under the
/// name `variant`.
void expect_parity_as(const TabularModelOptions& options, const std::string& variant, at::ScalarType dtype) {
    const double tolerance = dtype == at::kDouble ? kTolerance64 : kTolerance;
    const auto baseline = tensor_baseline("tabular_model.safetensors").tensors;
    TabularModel model(options);
    model->to(dtype);
    load_weights(*model, baseline, variant + ".weights.");
    const auto& output = options.outputs.front();
    const Loss loss = output.classes ? cross_entropy_loss_flat() : mse_loss_flat();
    const auto input = [&](const std::string& name) {
        const bool left_out = name.ends_with("x_cat") ? options.embeddings.empty() : options.n_cont == 0;
        const auto values = left_out ? baseline.at(name).narrow(1, 0, 0) : baseline.at(name);
        return values.is_floating_point() ? values.to(dtype) : values;
    };
    for (const std::string batch : {"first", "second"}) {
        const auto target = output.classes ? baseline.at(batch + ".classes")
                                           : baseline.at(batch + ".numbers").narrow(1, 0, output.size).to(dtype);
        model->zero_grad();
        const auto prediction = model(input(batch + ".x_cat"), input(batch + ".x_cont"));
        ASSERT_EQ(prediction.size(), 1U);
        EXPECT_EQ(prediction[0].sizes(), at::IntArrayRef({16, output.size}));
        const auto value = loss(prediction, {target});
        value.backward();
        const std::string prefix = variant + "." + batch + ".";
        EXPECT_LE(largest_difference(prediction[0], baseline.at(prefix + "prediction")), tolerance) << prefix;
        EXPECT_LE(largest_difference(value, baseline.at(prefix + "loss")), tolerance) << prefix;
        expect_gradients(*model, baseline, prefix + "gradient.", tolerance);
    }
    model->eval();
    const auto prediction = model(input("first.x_cat"), input("first.x_cont"));
    EXPECT_LE(largest_difference(prediction[0], baseline.at(variant + ".eval.prediction")), tolerance) << variant;
}

void expect_parity(TabularModelOptions options, const std::string& variant) {
    for (const bool fused : {true, false}) {
        SCOPED_TRACE(fused ? "in one node of autograd" : "operation by operation");
        options.fused = fused;
        expect_parity_as(options, variant, fused ? at::kFloat : at::kDouble);
    }
}

TEST(TabularModel, agrees_with_fastai_on_classes) {
    expect_parity(sizes({{.size = 3, .classes = true}}), "classes");
}
TEST(TabularModel, agrees_with_fastai_on_a_number_in_a_range) {
    expect_parity(changed(sizes(), [](auto& o) { o.y_range = {-1, 4}; }), "y_range");
}
TEST(TabularModel, agrees_with_fastai_without_batch_norm) {
    expect_parity(changed(sizes({{.size = 2}}), [](auto& o) { o.use_bn = o.bn_cont = false; }), "no_bn");
}
TEST(TabularModel, agrees_with_fastai_with_batch_norm_at_the_end) {
    expect_parity(changed(sizes({{.size = 2}}), [](auto& o) { o.bn_final = true; }), "bn_final");
}
TEST(TabularModel, agrees_with_fastai_where_linear_layers_come_last) {
    const auto options = changed(sizes({{.size = 2}}), [](auto& o) { o.lin_first = false; });
    expect_parity(options, "lin_last");
    expect_parity(changed(options, [](auto& o) { o.bn_final = true; }), "lin_last_bn_final");
}
TEST(TabularModel, agrees_with_fastai_without_numbers_categories_or_hidden_layers) {
    expect_parity(changed(sizes(), [](auto& o) { o.n_cont = 0; }), "no_numbers");
    expect_parity(changed(sizes(), [](auto& o) { o.embeddings.clear(); }), "no_categories");
    expect_parity(changed(sizes(), [](auto& o) { o.layers.clear(); }), "no_hidden_layer");
}

TEST(TabularModel, embeddings_are_as_wide_as_fastais) {
    const auto baseline = tensor_baseline("tabular_model.safetensors").tensors;
    const auto &rows = baseline.at("widths.rows"), &width = baseline.at("widths.width");
    for (int64_t n = 1, change = 0; n <= 10'000; ++n) {
        if (change + 1 < rows.size(0) && n == rows[change + 1].item<int64_t>()) ++change;
        ASSERT_EQ(embedding_width(n), width[change].item<int64_t>()) << n << " rows";
    }
    EXPECT_EQ(embedding_width(944), 74);
    EXPECT_EQ(embedding_width(1665), 102);
    EXPECT_EQ(embedding_width(1'000'000), 600);
    EXPECT_THROW(embedding_width(0), UsageError);
}

TEST(TabularModel, its_parts_are_named_as_fastais) {
    std::vector<std::string> names;
    const TabularModel model(changed(sizes(), [](auto& o) { o.layers = {6}, o.ps = {0.5}; }));
    for (const auto& item : model->named_parameters()) names.push_back(item.key());
    EXPECT_THAT(names, ElementsAre("embeds.0.weight", "embeds.1.weight", "embeds.2.weight", "bn_cont.weight",
                                   "bn_cont.bias", "layers.0.0.weight", "layers.0.2.weight", "layers.0.2.bias",
                                   "layers.1.0.weight", "layers.1.0.bias"));
    EXPECT_TRUE(model->named_modules().contains("layers.0.3"));  // the dropout
}

TEST(TabularModel, starts_with_weights_spread_as_fastais) {
    torch::manual_seed(1);
    const TabularModel model(TabularModelOptions{.embeddings = {{2000, 50}}, .n_cont = 50, .layers = {400}});
    const auto parameters = model->named_parameters();
    EXPECT_NEAR(parameters["embeds.0.weight"].std().item<double>(), 0.00879, 2e-4);  // normal modulo 2, times 0.01
    EXPECT_LT(parameters["embeds.0.weight"].abs().max().item<double>(), 0.02);
    for (const auto& [name, inputs] : {std::pair("layers.0.0.weight", 100.0), std::pair("layers.1.0.weight", 400.0)}) {
        const double bound = 1 / std::sqrt(inputs);
        EXPECT_LE(parameters[name].abs().max().item<double>(), bound) << name;
        EXPECT_NEAR(parameters[name].std().item<double>(), bound / std::sqrt(3), 0.05 * bound) << name;
    }
    EXPECT_TRUE(parameters["layers.0.2.weight"].eq(1).all().item<bool>());
    EXPECT_TRUE(parameters["layers.0.2.bias"].eq(1e-3F).all().item<bool>());
    EXPECT_TRUE(parameters["bn_cont.bias"].eq(0).all().item<bool>());
}

TEST(TabularModel, dropout_is_none_one_for_all_or_one_each) {
    const auto dropouts = [](std::vector<double> ps) {
        std::vector<double> found;
        const TabularModel model(changed(sizes(), [&](auto& o) { o.ps = ps; }));
        for (const auto& module : model->layers->modules()) {
            if (const auto* dropout = module->as<torch::nn::Dropout>()) found.push_back(dropout->options.p());
        }
        return found;
    };
    EXPECT_THAT(dropouts({}), ElementsAre());
    EXPECT_THAT(dropouts({0.25}), ElementsAre(0.25, 0.25));
    EXPECT_THAT(dropouts({0, 0.5}), ElementsAre(0.5));
}

/// Inputs for `options`, drawn anew.
Tensors batch_for(const TabularModelOptions& options, int64_t rows) {
    Tensors categories = {torch::zeros({rows, 0}, at::kLong)};
    for (const auto& size : options.embeddings) categories.push_back(torch::randint(size.rows, {rows, 1}, at::kLong));
    return {torch::cat(categories, 1), torch::randn({rows, options.n_cont})};
}

TEST(TabularModel, several_outputs_share_the_body_and_only_numbers_are_in_the_range) {
    const auto options = changed(sizes({{.size = 2}, {.size = 3, .classes = true}, {}}), [](auto& o) {
        o.y_range = {10, 11};
    });
    TabularModel model(options);
    const auto batch = batch_for(options, 8);
    const auto outputs = model(batch[0], batch[1]);
    ASSERT_EQ(outputs.size(), 3U);
    EXPECT_EQ(outputs[0].sizes(), at::IntArrayRef({8, 2}));
    EXPECT_EQ(outputs[1].sizes(), at::IntArrayRef({8, 3}));
    EXPECT_EQ(outputs[2].sizes(), at::IntArrayRef({8, 1}));
    EXPECT_GE(outputs[0].min().item<double>(), 10);
    EXPECT_LE(outputs[2].max().item<double>(), 11);
    EXPECT_LT(outputs[1].max().item<double>(), 10);
    EXPECT_EQ(model->layers[2]->named_parameters()["0.weight"].sizes(), at::IntArrayRef({6, 5}));
}

TabularModelOptions ensemble(bool use_bn) {
    return {.embeddings = kEmbeddings,
            .n_cont = 4,
            .outputs = {{.size = 2}, {.size = 3, .classes = true}},
            .layers = {6},
            .use_bn = use_bn,
            .bn_cont = false,
            .members = 4};
}

void expect_members_parity(bool use_bn, const Loss& loss) {
    const auto baseline = tensor_baseline("tabm.safetensors").tensors;
    const std::string variant = use_bn ? "bn." : "plain.";
    TabularModel model(ensemble(use_bn));
    load_weights(*model, baseline, variant + "weights.");
    for (const std::string batch : {"first.", "second."}) {
        const Tensors targets = {baseline.at(batch + "numbers"), baseline.at(batch + "classes")};
        const auto expected = [&](const std::string& what) { return baseline.at(variant + batch + what); };
        model->zero_grad();
        const auto outputs = model(baseline.at(batch + "x_cat"), baseline.at(batch + "x_cont"));
        EXPECT_EQ(outputs[1].sizes(), at::IntArrayRef({16, 4, 3}));
        EXPECT_LE(largest_difference(torch::cat(outputs, 2), expected("prediction")), kTolerance);
        EXPECT_LE(largest_difference(loss(outputs, targets, Reduction::none), expected("rows")), kTolerance);
        const auto value = loss(outputs, targets);
        value.backward();
        EXPECT_LE(largest_difference(value, expected("loss")), kTolerance);
        expect_gradients(*model, baseline, variant + batch + "gradient.", kTolerance);
    }
    model->eval();
    const auto outputs = model(baseline.at("first.x_cat"), baseline.at("first.x_cont"));
    EXPECT_EQ(outputs[1].sizes(), at::IntArrayRef({16, 3}));
    EXPECT_LE(largest_difference(outputs[0], baseline.at(variant + "eval.numbers")), kTolerance);
    EXPECT_LE(largest_difference(outputs[1].exp(), baseline.at(variant + "eval.probabilities")), kTolerance);
    EXPECT_LE(largest_difference(outputs[1].softmax(1), baseline.at(variant + "eval.probabilities")), kTolerance);
}

TEST(TabularModel, members_agree_with_members_computed_one_by_one) {
    const auto loss = members_loss(sum_loss({{mse_loss_flat(), 1}, {cross_entropy_loss_flat(), 0.5}}));
    expect_members_parity(/*use_bn=*/false, loss);
    expect_members_parity(/*use_bn=*/true, loss);
}

TEST(TabularModel, members_train_by_a_sum_of_members_losses_too) {
    expect_members_parity(
        true, sum_loss({{members_loss(mse_loss_flat()), 1}, {members_loss(cross_entropy_loss_flat()), 0.5}}));
}

TEST(TabularModel, members_start_with_random_signs_and_layers_of_their_own) {
    const TabularModel model(TabularModelOptions{.n_cont = 500, .layers = {100}, .members = 8});
    const auto parameters = model->named_parameters();
    const auto& adapter = parameters["adapter"];
    EXPECT_EQ(adapter.sizes(), at::IntArrayRef({8, 500}));
    EXPECT_TRUE(adapter.abs().eq(1).all().item<bool>());
    EXPECT_NEAR(adapter.mean().item<double>(), 0, 0.08);
    const auto& heads = parameters["layers.1.0.weight"];
    EXPECT_EQ(heads.sizes(), at::IntArrayRef({8, 100, 1}));
    EXPECT_LE(heads.abs().max().item<double>(), 0.1);
    EXPECT_NEAR(heads.std().item<double>(), 0.1 / std::sqrt(3), 0.005);
    EXPECT_LE(parameters["layers.1.0.bias"].abs().max().item<double>(), 0.1);
}

TEST(TabularModel, members_outputs_in_a_range_are_averaged_within_it) {
    TabularModel model(TabularModelOptions{.n_cont = 3, .layers = {4}, .y_range = {1, 2}, .members = 3});
    const auto x = 100 * torch::randn({20, 3});
    model->train();
    const auto each = model(at::Tensor(), x)[0];
    EXPECT_EQ(each.sizes(), at::IntArrayRef({20, 3, 1}));
    model->eval();
    const auto mean = model(at::Tensor(), x)[0];
    EXPECT_EQ(mean.sizes(), at::IntArrayRef({20, 1}));
    EXPECT_GE(mean.min().item<double>(), 1);
    EXPECT_LE(mean.max().item<double>(), 2);
}

TEST(TabularModel, numbers_are_embedded_as_they_are_instead_of_normalised) {
    TabularModel model(
        changed(sizes(), [](auto& o) { o.numbers = {.kind = NumberEmbeddingKind::periodic, .width = 3}; }));
    EXPECT_FALSE(model->bn_cont);
    EXPECT_EQ(model->named_parameters()["layers.0.0.weight"].sizes(), at::IntArrayRef({6, 7 + 4 * 3}));
    EXPECT_TRUE(model->named_parameters().contains("numbers.frequencies"));
    const auto batch = batch_for(model->options, 5);
    EXPECT_EQ(model(batch[0], batch[1])[0].sizes(), at::IntArrayRef({5, 1}));
}

TEST(TabularModel, numbers_of_few_values_get_embeddings_besides) {
    TabularModel model(changed(sizes(), [](auto& o) {
        o.values = {.values = {{0, 1}, {}, {1, 2, 3}, {}}, .width = 5};
    }));
    EXPECT_TRUE(model->bn_cont);
    EXPECT_EQ(model->named_parameters()["layers.0.0.weight"].sizes(), at::IntArrayRef({6, 7 + 4 + 2 * 5}));
    EXPECT_EQ(model->named_parameters()["values.embeddings.weight"].sizes(), at::IntArrayRef({5, 5}));
    const auto batch = batch_for(model->options, 5);
    EXPECT_EQ(model(batch[0], batch[1])[0].sizes(), at::IntArrayRef({5, 1}));
}

/// Every kind of model.
std::vector<TabularModelOptions> variants() {
    const std::vector<double> edges = {-1, 0, 1};
    const NumericEmbeddingOptions bins = {.kind = NumberEmbeddingKind::piecewise_linear,
                                          .bins = {edges, edges, edges, edges}};
    return {sizes({{.size = 2}, {.size = 3, .classes = true}}),
            changed(sizes(), [](auto& o) { o.numbers.kind = NumberEmbeddingKind::periodic; }),
            changed(sizes(), [&](auto& o) { o.numbers = bins; }),
            changed(sizes(),
                    [&](auto& o) {
                        o.values.values = {edges, {}, {}, edges};
                    }),
            changed(sizes(), [](auto& o) { o.lin_first = false, o.bn_final = true, o.ps = {0.5}; }),
            ensemble(false),
            changed(ensemble(true), [](auto& o) { o.bn_final = true; })};
}

TEST(TabularModel, can_be_cloned_and_moved_to_another_type) {
    for (const auto& options : variants()) {
        TabularModel model(options);
        model->eval();
        const auto copy = std::dynamic_pointer_cast<TabularModelImpl>(model->clone());
        ASSERT_TRUE(copy);
        const auto batch = batch_for(options, 6);
        const auto expected = model(batch[0], batch[1]), copied = copy->forward(batch[0], batch[1]);
        for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(copied[i].equal(expected[i]));
        EXPECT_NE(copy->parameters()[0].data_ptr(), model->parameters()[0].data_ptr());
        copy->to(at::kDouble);
        const auto doubled = copy->forward(batch[0], batch[1].to(at::kDouble));
        for (size_t i = 0; i < expected.size(); ++i) {
            EXPECT_EQ(doubled[i].scalar_type(), at::kDouble);
            EXPECT_LE(largest_difference(doubled[i], expected[i]), 1e-4);
        }
    }
}

TEST(TabularModel, prints_its_sizes) {
    std::ostringstream out;
    out << TabularModel(changed(sizes({{.size = 2}, {}}), [](auto& o) { o.y_range = {0, 1}, o.members = 3; }));
    EXPECT_TRUE(
        out.str().starts_with("embark::TabularModel(categories=3, n_cont=4, layers={6, 5}, outputs={2, 1}, "
                              "members=3, y_range=(0, 1))"))
        << out.str();
}

TEST(TabularModel, names_the_width_that_its_inputs_should_have) {
    TabularModel model(sizes());
    const auto message = [&](const at::Tensor& x_cat, const at::Tensor& x_cont) {
        return message_of<Error>([&] { model(x_cat, x_cont); });
    };
    EXPECT_EQ(message(torch::zeros({2, 2}, at::kLong), torch::zeros({2, 4})),
              "The model takes x_cat of shape (n, 3), a column for each of its categories, not [2, 2]");
    EXPECT_EQ(message(torch::zeros({2, 3}, at::kLong), torch::zeros({4})),
              "The model takes x_cont of shape (n, 4), a column for each of its numbers, not [4]");
    EXPECT_THAT(message(torch::zeros({2, 3}, at::kLong), {}), HasSubstr("not none"));
}

TEST(TabularModel, refuses_settings_that_can_never_be_right) {
    const auto message = [](const std::function<void(TabularModelOptions&)>& change) {
        return message_of<UsageError>([&] { TabularModel(changed(sizes(), change)); });
    };
    EXPECT_EQ(message([](auto& o) { o.n_cont = -1; }), "Invalid n_cont -1: it must be 0 or more");
    EXPECT_THAT(message([](auto& o) { o.n_cont = 0, o.embeddings.clear(); }), HasSubstr("one category or number"));
    EXPECT_THAT(message([](auto& o) { o.embeddings[1].width = 0; }), HasSubstr("embedding (7, 0)"));
    EXPECT_THAT(message([](auto& o) { o.embed_p = 1.5; }), HasSubstr("embed_p 1.5"));
    EXPECT_EQ(message([](auto& o) {
                  o.ps = {0.1, 0.2, 0.3};
              }),
              "Invalid ps of 3 numbers for 2 layers: none, one for all, or one for each layer is needed");
    EXPECT_THAT(message([](auto& o) { o.ps = {-0.1}; }), HasSubstr("dropout in ps -0.1"));
    EXPECT_THAT(message([](auto& o) { o.layers = {0}; }), HasSubstr("size of a layer 0"));
    EXPECT_THAT(message([](auto& o) { o.outputs.clear(); }), HasSubstr("at least one output"));
    EXPECT_THAT(message([](auto& o) { o.outputs[0].size = 0; }), HasSubstr("size of an output 0"));
    EXPECT_THAT(message([](auto& o) { o.members = 0; }), HasSubstr("number of members 0"));
    EXPECT_THAT(message([](auto& o) { o.y_range = {5, 1}; }), HasSubstr("y_range (5, 1)"));
    EXPECT_THAT(message([](auto& o) {
                    o.y_range = {0, 1}, o.outputs[0].classes = true;
                }),
                HasSubstr("all outputs are logits"));
    EXPECT_THAT(message([](auto& o) { o.numbers = {.kind = NumberEmbeddingKind::piecewise_linear}; }),
                HasSubstr("bins of each number, 4 lists of edges, not 0"));
}

}  // namespace tabular_model_test
}  // namespace embark
