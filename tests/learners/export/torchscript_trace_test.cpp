#include <embark/learners/export/detail/torchscript_trace.h>

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/torch.h>

#include <embark/modules/collab_nn.h>
#include <embark/modules/image_encoder.h>
#include <embark/modules/tabular_model.h>
#include <embark/modules/text_encoder.h>
#include <embark/predictor/detail/torchscript_call.h>

#include "test_files.h"

using namespace embark;
using embark::testing::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

namespace torchscript_trace_test {

namespace nn = torch::nn;

std::string trace_error(const Model& model, const Tensors& example) {
    return message_of<Error>([&] { trace_module(model, example); });
}

torch::jit::Module saved_and_loaded(const torch::jit::Module& module) {
    std::stringstream file;
    module.save(file);
    return torch::jit::load(file);
}

/// Traces `model`, saves and loads the trace, and compares it with the module in eval mode at sizes that no trace had.
void expect_same_answers(const Model& model, const Tensors& example) {
    const auto loaded = saved_and_loaded(trace_module(model, example));
    model.module().eval();
    torch::NoGradGuard no_grad;
    for (const int64_t rows : {1, 2, 5, 7, 33}) {
        Tensors inputs;
        for (const auto& input : example) inputs.push_back(input.repeat_interleave(rows, 0).slice(0, 0, rows));
        const Tensors expected = model(inputs);
        const Tensors results =
            as_tensors(call_method(loaded, "forward", std::vector<torch::jit::IValue>(inputs.begin(), inputs.end())));
        ASSERT_EQ(results.size(), expected.size());
        for (size_t i = 0; i < results.size(); ++i) {
            ASSERT_EQ(results[i].sizes(), expected[i].sizes());
            EXPECT_TRUE(torch::allclose(results[i], expected[i], 1e-6, 1e-6)) << "output " << i << ", rows " << rows;
            EXPECT_FALSE(results[i].requires_grad());
        }
    }
}

/// A module around any function of one tensor.
struct FunctionImpl : nn::Module {
    explicit FunctionImpl(std::function<at::Tensor(const at::Tensor&)> function) : function(std::move(function)) {}
    at::Tensor forward(const at::Tensor& x) { return function(x); }
    std::function<at::Tensor(const at::Tensor&)> function;
};

Model function(std::function<at::Tensor(const at::Tensor&)> f) {
    return Model(std::make_shared<FunctionImpl>(f));
}

struct EverythingImpl : nn::Module {
    EverythingImpl()
        : embedding(register_module("embedding", nn::Embedding(20, 5))),
          layers(register_module("layers",
                                 nn::Sequential(nn::Linear(8, 12), nn::BatchNorm1d(12), nn::ReLU(), nn::Dropout(0.5)))),
          heads(register_module("heads", nn::ModuleList(nn::Linear(12, 2), nn::Linear(12, 3)))) {
        register_buffer("offset", torch::randn({8}));
    }
    std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& ids, const at::Tensor& numbers) {
        const auto x = torch::cat({embedding(ids), numbers}, 1) + named_buffers()["offset"];
        const auto h = layers->forward(x);
        return {heads[0]->as<nn::Linear>()->forward(h), heads[1]->as<nn::Linear>()->forward(h).softmax(1)};
    }
    nn::Embedding embedding;
    nn::Sequential layers;
    nn::ModuleList heads;
};
TORCH_MODULE(Everything);

Tensors ids_and_numbers() {
    return {torch::randint(20, {16}, at::kLong), torch::randn({16, 3})};
}

TEST(TraceModule, agrees_at_other_batch_sizes_with_layers_that_differ_in_training) {
    torch::manual_seed(1);
    Everything module;
    module->train();
    const auto batch = ids_and_numbers();
    for (int i = 0; i < 3; ++i) module->forward(batch[0], batch[1]);  // moves the batch norm's statistics
    expect_same_answers(Model(module), batch);
}

TEST(TraceModule, agrees_with_tabular_models_of_every_kind) {
    const TabularModelOptions plain = {.embeddings = {{20, 5}, {12, 3}},
                                       .n_cont = 3,
                                       .outputs = {{.size = 2}, {.size = 5, .classes = true}},
                                       .layers = {12, 5},
                                       .ps = {0.5},
                                       .y_range = {0, 5.5}};
    std::vector<TabularModelOptions> variants(8, plain);
    variants[1].use_bn = variants[1].bn_cont = false;
    variants[2].lin_first = false;
    variants[2].bn_final = true;
    variants[3].numbers = {.kind = NumberEmbeddingKind::periodic, .shared = false};
    variants[4].numbers = {.kind = NumberEmbeddingKind::piecewise_linear, .bins = {{-1, 0, 1}, {0, 1}, {-2, 2}}};
    variants[5].members = 5;
    variants[5].numbers.kind = NumberEmbeddingKind::periodic;
    variants[6].members = 12;
    variants[6].use_bn = false;
    variants[7].values.values = {{-1, 0, 0.5}, {}, {-0.5, 1}};
    for (const auto& options : variants) {
        TabularModel module(options);
        const Tensors batch = {torch::randint(12, {16, 2}, at::kLong), torch::randn({16, 3})};
        for (int i = 0; i < 3; ++i) module(batch[0], batch[1]);  // moves the batch norms' statistics
        expect_same_answers(Model(module), batch);
    }
}

TEST(TraceModule, agrees_with_tabular_models_of_categories_or_numbers_alone) {
    const at::Tensor categories = torch::randint(6, {16, 2}, at::kLong), numbers = torch::randn({16, 3});
    const TabularModelOptions only_categories = {.embeddings = {{6, 3}, {8, 2}}, .layers = {5}};
    expect_same_answers(Model(TabularModel(only_categories)), {categories, torch::zeros({16, 0})});
    expect_same_answers(Model(TabularModel(TabularModelOptions{.n_cont = 3, .layers = {5}})),
                        {torch::zeros({16, 0}, at::kLong), numbers});
    expect_same_answers(Model(EmbeddingNN(only_categories)), {categories});
    expect_same_answers(Model(CollabNN(CollabNNOptions{.n_users = 6, .n_items = 8})), {categories});
}

TEST(TraceModule, keeps_parameters_and_buffers_under_their_own_names_without_gradients) {
    Everything module;
    const auto traced = saved_and_loaded(trace_module(Model(module), ids_and_numbers()));
    std::vector<std::string> parameters, buffers;
    for (const auto& p : traced.named_parameters()) {
        parameters.push_back(p.name);
        EXPECT_FALSE(p.value.requires_grad()) << p.name;
    }
    for (const auto& b : traced.named_buffers()) buffers.push_back(b.name);
    EXPECT_THAT(parameters, UnorderedElementsAre("embedding.weight", "layers.0.weight", "layers.0.bias",
                                                 "layers.1.weight", "layers.1.bias", "heads.0.weight", "heads.0.bias",
                                                 "heads.1.weight", "heads.1.bias"));
    EXPECT_THAT(buffers, UnorderedElementsAre("offset", "layers.1.running_mean", "layers.1.running_var",
                                              "layers.1.num_batches_tracked"));
    EXPECT_EQ(traced.type()->name()->name(), "Everything");
}

TEST(TraceModule, leaves_mode_tensors_and_gradients_as_they_were) {
    Everything module;
    module->train();
    module->layers[1]->eval();  // a frozen batch norm inside a model in training
    module->embedding->weight.set_requires_grad(false);
    std::map<std::string, std::pair<const void*, at::Tensor>> before;
    for (const auto& p : module->named_parameters()) before[p.key()] = {p.value().data_ptr(), p.value().clone()};
    for (const auto& b : module->named_buffers()) before[b.key()] = {b.value().data_ptr(), b.value().clone()};

    trace_module(Model(module), ids_and_numbers());

    EXPECT_TRUE(module->is_training());
    EXPECT_TRUE(module->layers->is_training());
    EXPECT_FALSE(module->layers[1]->is_training());
    EXPECT_TRUE(module->layers[3]->is_training());
    EXPECT_FALSE(module->embedding->weight.requires_grad());
    EXPECT_TRUE(module->layers[0]->as<nn::Linear>()->weight.requires_grad());
    for (const auto& p : module->named_parameters()) {
        EXPECT_EQ(p.value().data_ptr(), before[p.key()].first) << p.key();
        EXPECT_TRUE(torch::equal(p.value(), before[p.key()].second)) << p.key();
    }
    for (const auto& b : module->named_buffers()) EXPECT_TRUE(torch::equal(b.value(), before[b.key()].second));
}

TEST(TraceModule, leaves_the_module_as_it_was_where_it_throws) {
    auto module = std::make_shared<FunctionImpl>([](const at::Tensor&) -> at::Tensor { throw Error("no luck"); });
    module->register_parameter("weight", torch::ones({2}));
    module->train();
    const void* data = module->parameters()[0].data_ptr();
    EXPECT_EQ(trace_error(Model(module), {torch::ones({3, 2})}), "Function cannot be exported: no luck");
    EXPECT_TRUE(module->is_training());
    EXPECT_EQ(module->parameters()[0].data_ptr(), data);
    EXPECT_TRUE(module->parameters()[0].requires_grad());
}

TEST(TraceModule, can_train_on_after_the_export) {
    Everything module;
    const auto batch = ids_and_numbers();
    torch::optim::SGD optimizer(module->parameters(), 0.1);
    const auto step = [&] {
        optimizer.zero_grad();
        std::get<0>(module->forward(batch[0], batch[1])).pow(2).mean().backward();
        optimizer.step();
    };
    step();
    const auto traced = trace_module(Model(module), batch);
    const auto at_export = module->embedding->weight.detach().clone();
    step();
    EXPECT_FALSE(torch::equal(module->embedding->weight, at_export));
    EXPECT_TRUE(torch::equal(traced.attr("embedding").toModule().attr("weight").toTensor(), at_export));
}

TEST(TraceModule, names_operations_that_are_not_the_same_for_every_batch) {
    const Tensors x = {torch::randn({16, 4})};
    EXPECT_THAT(trace_error(function([](auto& x) { return torch::stack(x.unbind(0)); }), x), HasSubstr("aten::unbind"));
    EXPECT_THAT(trace_error(function([](auto& x) { return x.size(0) > 6 ? x.relu() : x.tanh(); }), x),
                AllOf(HasSubstr("its operations are not the same for every batch"), HasSubstr("aten::tanh")));
    const auto twos = [](const at::Tensor& x) {
        return x * torch::tensor(std::vector<float>(x.size(0) * 4, 2.f)).view({-1, 4});
    };
    EXPECT_EQ(trace_error(function(twos), x),
              "Function cannot be exported: aten::view uses a fixed value that follows from the batch, a tensor of "
              "shape [20] with 5 rows and a tensor of shape [48] with 12 rows; use -1 or operations that follow the "
              "size of their input, such as flatten(1), expand_as or zeros_like, there");
    EXPECT_THAT(trace_error(function([](auto& x) { return x * std::sin(x.size(0)); }), x),
                HasSubstr("aten::mul uses a fixed value that follows from the batch"));
}

TEST(TraceModule, finds_a_condition_on_the_number_of_rows_that_both_traces_pass) {
    const auto model = function([](const at::Tensor& x) { return x.size(0) == 1 ? x * 2 : x; });
    EXPECT_THAT(trace_error(model, {torch::randn({16, 4})}),
                HasSubstr("with 1 row its trace and the module differ by up to"));
}

TEST(TraceModule, does_not_mistake_numbers_of_the_module_for_the_batch_size) {
    // 5 and 12 rows are traced: none of these has anything to do with them.
    for (const int64_t width : {1, 5, 9, 12}) {
        const Tensors x = {torch::randn({16, width})};
        expect_same_answers(function([=](const at::Tensor& x) { return x.view({-1, width, 1}) * width; }), x);
        expect_same_answers(Model(nn::Sequential(nn::Linear(width, 12), nn::Linear(12, 5))), x);
    }
}

TEST(TraceModule, accepts_constants_that_are_no_numbers) {
    const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
    expect_same_answers(function([=](const at::Tensor& x) {
                            return x.masked_fill(x > 1, nan).nan_to_num(3).masked_fill(x < -1, -infinity).exp();
                        }),
                        {torch::randn({16, 4})});
    expect_same_answers(function([](const at::Tensor& x) {
                            return x + torch::tensor({1.f, std::nanf("")}).nan_to_num();
                        }),
                        {torch::randn({16, 2})});
}

TEST(TraceModule, exports_a_recurrent_layer_with_a_state_of_its_own_for_each_row) {
    struct StateNetImpl : nn::Module {
        StateNetImpl() { register_module("gru", gru), register_buffer("state", state); }
        at::Tensor forward(const at::Tensor& x) { return std::get<0>(gru(x, state.narrow(1, 0, x.size(0)))); }
        nn::GRU gru{nn::GRUOptions(3, 4).batch_first(true)};
        at::Tensor state = torch::zeros({1, 2000, 4});
    };
    expect_same_answers(Model(std::make_shared<StateNetImpl>()), {torch::randn({16, 6, 3})});
}

TEST(TraceModule, exports_a_recurrence_written_with_cells) {
    struct CellNetImpl : nn::Module {
        CellNetImpl() { register_module("cell", cell), register_module("first", first); }
        at::Tensor forward(const at::Tensor& x) {
            auto state = std::make_tuple(torch::zeros_like(first(x.select(1, 0))), first(x.select(1, 0)));
            for (int64_t t = 0; t < x.size(1); ++t) state = cell(x.select(1, t), state);
            return std::get<0>(state);
        }
        nn::LSTMCell cell{3, 4};
        nn::Linear first{3, 4};
    };
    expect_same_answers(Model(std::make_shared<CellNetImpl>()), {torch::randn({16, 6, 3})});
}

TEST(TraceModule, exports_recurrent_functions_whose_first_state_follows_from_the_input) {
    struct StateNetImpl : nn::Module {
        StateNetImpl() { register_module("gru", gru); }
        at::Tensor forward(const at::Tensor& x) {
            const auto first = x.select(1, 0).narrow(1, 0, 1).mul(0).expand({-1, 4}).unsqueeze(0);
            return std::get<0>(at::gru(x, first, gru->all_weights(), true, 1, 0, is_training(), false, true));
        }
        nn::GRU gru{nn::GRUOptions(3, 4).batch_first(true)};
    };
    expect_same_answers(Model(std::make_shared<StateNetImpl>()), {torch::randn({16, 6, 3})});
}

TEST(TraceModule, exports_text_encoders_for_texts_of_any_length) {
    for (const auto recurrence : {Recurrence::gru, Recurrence::lstm}) {
        for (const auto pooling : {TextPooling::mean_max, TextPooling::last}) {
            TextEncoder encoder(TextEncoderOptions{.n_tokens = 30,
                                                   .embedding_size = 6,
                                                   .hidden_size = 5,
                                                   .recurrence = recurrence,
                                                   .n_layers = 2,
                                                   .pooling = pooling,
                                                   .embed_p = 0.2});
            // Texts of 0 to 8 tokens.
            const auto tokens = torch::randint(1, 30, {17, 8}, at::kLong) *
                                (torch::arange(8) < torch::arange(17).remainder(9).unsqueeze(1));
            expect_same_answers(Model(encoder), {tokens});

            const auto traced = trace_module(Model(encoder), {tokens}, {{0, {1}}});
            encoder->eval();
            const auto longer = torch::randint(1, 30, {3, 20}, at::kLong);
            const auto result = as_tensors(call_method(traced, "forward", {longer})).front();
            EXPECT_TRUE(torch::allclose(result, encoder->forward(longer), 1e-6, 1e-6));
        }
    }
}

TEST(TraceModule, exports_image_encoders) {
    expect_same_answers(Model(ImageEncoder(ImageEncoderOptions{.channels = 2, .layers = {4, 6}})),
                        {torch::randn({16, 2, 9, 12})});
}

TEST(TraceModule, refuses_random_numbers_in_eval_mode) {
    EXPECT_THAT(trace_error(function([](const at::Tensor& x) { return torch::dropout(x, 0.5, /*train=*/true); }),
                            {torch::randn({16, 4})}),
                AllOf(HasSubstr("aten::dropout draws random numbers"), HasSubstr("torch::nn::Dropout")));
    EXPECT_THAT(
        trace_error(function([](const at::Tensor& x) { return x + torch::randn_like(x); }), {torch::randn({16, 4})}),
        HasSubstr("aten::randn_like"));
}

TEST(TraceModule, takes_any_forward) {
    struct SecondOnlyImpl : nn::Module {
        at::Tensor forward(const at::Tensor&, const at::Tensor& b) { return b; }
    };
    const Tensors two = {torch::randint(9, {16}, at::kLong), torch::randn({16, 2})};
    expect_same_answers(Model(std::make_shared<SecondOnlyImpl>()), two);

    struct ListImpl : nn::Module {
        Tensors forward(const Tensors& inputs) { return {inputs[1] * 2, inputs[0], inputs[0] + 1}; }
    };
    expect_same_answers(Model(std::make_shared<ListImpl>()), two);
    expect_same_answers(function([](const at::Tensor& x) { return x.sum(); }), {torch::randn({16, 4})});
    expect_same_answers(function([](const at::Tensor& x) { return x.to(at::kDouble).gt(0); }), {torch::randn({16, 4})});
}

TEST(TraceModule, calls_its_arguments_x) {
    const auto names = [](const torch::jit::Module& module) {
        std::vector<std::string> result;
        for (const auto& argument : module.get_method("forward").function().getSchema().arguments()) {
            result.push_back(argument.name());
        }
        return result;
    };
    EXPECT_THAT(names(trace_module(Model(nn::Linear(2, 1)), {torch::randn({16, 2})})), ElementsAre("self", "x"));
    EXPECT_THAT(names(trace_module(Model(Everything()), ids_and_numbers())), ElementsAre("self", "x1", "x2"));
}

TEST(TraceModule, leaves_the_inputs_alone) {
    at::Tensor x = torch::ones({16, 2});
    trace_module(function([](const at::Tensor& x) { return at::Tensor(x).mul_(3); }), {x});
    EXPECT_TRUE(torch::equal(x, torch::ones({16, 2})));
}

TEST(TraceModule, keeps_shared_parameters_and_modules_shared) {
    struct TiedImpl : nn::Module {
        TiedImpl() {
            embedding = register_module("embedding", nn::Embedding(6, 3));
            decoder = register_parameter("decoder", embedding->weight);
            again = register_module("again", embedding);
        }
        at::Tensor forward(const at::Tensor& x) { return again(x).matmul(decoder.t()); }
        nn::Embedding embedding{nullptr}, again{nullptr};
        at::Tensor decoder;
    };
    const Model model(std::make_shared<TiedImpl>());
    const Tensors x = {torch::randint(6, {16}, at::kLong)};
    expect_same_answers(model, x);
    const auto loaded = saved_and_loaded(trace_module(model, x));
    const auto weight = loaded.attr("embedding").toModule().attr("weight").toTensor();
    EXPECT_EQ(loaded.attr("decoder").toTensor().data_ptr(), weight.data_ptr());
    EXPECT_EQ(loaded.attr("again").toModule().attr("weight").toTensor().data_ptr(), weight.data_ptr());
}

TEST(TraceModule, leaves_undefined_tensors_out) {
    const auto traced =
        trace_module(Model(nn::BatchNorm1d(nn::BatchNorm1dOptions(2).affine(false))), {torch::randn({16, 2})});
    EXPECT_EQ(traced.parameters().size(), 0u);
    const auto linear = trace_module(Model(nn::Linear(nn::LinearOptions(2, 1).bias(false))), {torch::randn({16, 2})});
    EXPECT_EQ(linear.parameters().size(), 1u);
}

TEST(TraceModule, keeps_odd_names_and_refuses_its_own) {
    struct NamedImpl : nn::Module {
        explicit NamedImpl(std::string name) : weight(register_parameter(std::move(name), torch::randn({2}))) {}
        at::Tensor forward(const at::Tensor& x) { return x * weight; }
        at::Tensor weight;
    };
    for (const std::string name : {"a-b", "a b", "lambda", "self", "x", "0", "it's", "predict", "Tensor"}) {
        SCOPED_TRACE(name);
        const Model model(std::make_shared<NamedImpl>(name));
        expect_same_answers(model, {torch::randn({16, 2})});
        const auto loaded = saved_and_loaded(trace_module(model, {torch::randn({16, 2})}));
        EXPECT_EQ((*loaded.named_parameters().begin()).name, name);
    }
    for (const std::string name : {"forward", "training", "None", "is", "assert", "Größe", "a\"b", "a\\b"}) {
        EXPECT_EQ(trace_error(Model(std::make_shared<NamedImpl>(name)), {torch::randn({16, 2})}),
                  "Named cannot be exported: Named has a tensor or submodule called '" + name +
                      "', a name that TorchScript needs for itself or cannot read; give it another one");
    }
    EXPECT_THAT(trace_error(Model(std::make_shared<NamedImpl>("torch")), {torch::randn({16, 2})}),
                AllOf(StartsWith("Named cannot be exported: LibTorch cannot read what it writes"), HasSubstr("name")));
}

TEST(TraceModule, says_what_is_wrong_with_forward_or_example) {
    EXPECT_THAT(trace_error(Model(nn::Linear(3, 1)), {torch::randn({16, 2})}),
                AllOf(StartsWith("Linear cannot be exported: "), HasSubstr("cannot be multiplied")));
    EXPECT_THAT(trace_error(Model(nn::Linear(3, 1)), {}), HasSubstr("without example inputs"));
    EXPECT_THAT(trace_error(Model(Everything()), {torch::randint(20, {3}, at::kLong), torch::randn({4, 3})}),
                HasSubstr("each needs one row a sample"));
    EXPECT_THAT(trace_error(function([](const at::Tensor&) { return at::Tensor(); }), {torch::randn({3, 2})}),
                HasSubstr("an undefined tensor"));
    EXPECT_THAT(
        trace_error(function([w = torch::randn({2}, at::requires_grad())](const at::Tensor& x) { return x * w; }),
                    {torch::randn({3, 2})}),
        HasSubstr("requires grad"));
}

}  // namespace torchscript_trace_test
