// Typical modules, LibTorch's own among them, as exported files: each answers as C++ does at sizes that no trace had,
// or is refused with a sentence that says why.
#include <embark/learners/export/detail/torchscript_trace.h>

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/torch.h>

#include <embark/predictor/detail/torchscript_call.h>

#include "test_files.h"

using namespace embark;
using embark::testing::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace module_export_test {

namespace nn = torch::nn;
namespace F = torch::nn::functional;
using at::Tensor;

/// A module around a function, with the submodules that it uses.
struct UserModuleImpl : nn::Module {
    std::function<Tensors(const Tensors&)> function;
    Tensors forward(const Tensors& inputs) { return function(inputs); }
};

using Children = std::vector<std::shared_ptr<nn::Module>>;

Model module_of(const Children& children, std::function<Tensors(const Tensors&)> function) {
    const auto module = std::make_shared<UserModuleImpl>();
    for (size_t i = 0; i < children.size(); ++i) module->register_module(concat("part", i), children[i]);
    module->function = std::move(function);
    return Model(module);
}

/// The same of one tensor.
Model of_one(const Children& children, std::function<Tensor(const Tensor&)> function) {
    return module_of(children, [function](const Tensors& inputs) -> Tensors { return {function(inputs[0])}; });
}

torch::jit::Module exported(const Model& model, const Tensors& example, const DynamicDims& dims = {}) {
    std::stringstream file;
    trace_module(model, example, dims).save(file);
    return torch::jit::load(file);
}

Tensors answer(const torch::jit::Module& file, const Tensors& inputs) {
    Tensors own;
    for (const Tensor& input : inputs) own.push_back(input.clone());
    return as_tensors(call_method(file, "forward", std::vector<torch::jit::IValue>(own.begin(), own.end())));
}

void expect_equal(const Tensors& results, const Tensors& expected) {
    ASSERT_EQ(results.size(), expected.size());
    for (size_t i = 0; i < results.size(); ++i) {
        ASSERT_EQ(results[i].sizes(), expected[i].sizes()) << "output " << i;
        ASSERT_EQ(results[i].scalar_type(), expected[i].scalar_type()) << "output " << i;
        const Tensor a = results[i].to(torch::kDouble), b = expected[i].to(torch::kDouble);
        const double scale = std::max(b.abs().max().item<double>(), 1e-9);
        EXPECT_LE((a - b).abs().max().item<double>() / scale, 1e-6) << "output " << i;
    }
}

/// What makes inputs of some numbers of rows and lengths.
using MakeInputs = std::function<Tensors(int64_t rows, int64_t length)>;

/// Exports `model` with six rows of length 5, and asks the file and C++ at five shapes; the length differs where
/// dimensions are named.
void expect_same_answers_at_five_shapes(const Model& model, const MakeInputs& make, const DynamicDims& dims = {}) {
    torch::manual_seed(3);
    const auto file = exported(model, make(6, 5), dims);
    model.module().eval();
    const torch::NoGradGuard no_grad;
    const int64_t rows[] = {1, 2, 7, 33, 50}, lengths[] = {9, 1, 5, 3, 21};
    for (size_t i = 0; i < 5; ++i) {
        const Tensors inputs = make(rows[i], dims.empty() ? 5 : lengths[i]);
        SCOPED_TRACE(concat(rows[i], " rows, inputs ", inputs.front().sizes()));
        Tensors own;
        for (const Tensor& input : inputs) own.push_back(input.clone());
        expect_equal(answer(file, inputs), model(own));
    }
}

std::string refusal(const Model& model, const Tensors& example, const DynamicDims& dims = {}) {
    torch::manual_seed(3);
    return message_of<Error>([&] { trace_module(model, example, dims); });
}

std::string refused_call(const torch::jit::Module& file, const Tensors& inputs) {
    try {
        answer(file, inputs);
    } catch (const std::exception& error) {
        return torch_message(error);
    }
    return "";
}

const MakeInputs kRows = [](int64_t rows, int64_t) -> Tensors { return {torch::randn({rows, 6})}; };
const MakeInputs kSteps = [](int64_t rows, int64_t length) -> Tensors { return {torch::randn({rows, length, 8})}; };
const MakeInputs kTokens = [](int64_t rows, int64_t length) -> Tensors {
    Tensor tokens = torch::randint(1, 11, {rows, length}, torch::kLong);
    if (length > 1) tokens.select(1, length - 1).slice(0, 0, {}, 2).zero_();  // some rows are shorter
    return {tokens};
};
const MakeInputs kPictures = [](int64_t rows, int64_t) -> Tensors { return {torch::randn({rows, 3, 8, 8})}; };
const DynamicDims kFreeLength = {{0, {1}}};

TEST(ModuleExport, recurrent_layers) {
    nn::LSTM lstm(nn::LSTMOptions(8, 4).num_layers(2).bidirectional(true).batch_first(true).dropout(0.3));
    nn::GRU gru(nn::GRUOptions(8, 4).num_layers(2));
    nn::RNN rnn(nn::RNNOptions(8, 4).nonlinearity(torch::kReLU).batch_first(true));
    const Model of_lstm = module_of({lstm.ptr()}, [=](const Tensors& x) mutable -> Tensors {
        const auto [output, states] = lstm(x[0]);
        return {output, std::get<0>(states), std::get<1>(states)};
    });
    const Model of_gru = of_one({gru.ptr()}, [=](const Tensor& x) mutable {
        return std::get<0>(gru(x.transpose(0, 1))).transpose(0, 1);
    });
    const Model of_rnn = module_of({rnn.ptr()}, [=](const Tensors& x) mutable -> Tensors {
        const auto [output, state] = rnn(x[0]);
        return {output.mean(1), state};
    });
    for (const Model& model : {of_lstm, of_gru, of_rnn}) {
        expect_same_answers_at_five_shapes(model, kSteps);
        expect_same_answers_at_five_shapes(model, kSteps, kFreeLength);
    }
}

TEST(ModuleExport, recurrent_layers_of_packed_sequences) {
    nn::LSTM lstm(nn::LSTMOptions(8, 4).batch_first(true));
    const Model model = module_of({lstm.ptr()}, [=](const Tensors& x) mutable -> Tensors {
        const auto packed = nn::utils::rnn::pack_padded_sequence(x[0], x[1].cpu(), /*batch_first=*/true,
                                                                 /*enforce_sorted=*/false);
        return {std::get<0>(std::get<1>(lstm->forward_with_packed_input(packed)))};
    });
    const auto make = [](int64_t rows, int64_t length) -> Tensors {
        return {torch::randn({rows, length, 8}), torch::arange(rows).remainder(length) + 1};
    };
    expect_same_answers_at_five_shapes(model, make, kFreeLength);
}

TEST(ModuleExport, attention) {
    nn::MultiheadAttention attention(nn::MultiheadAttentionOptions(8, 2).dropout(0.1));
    const Model self = module_of({attention.ptr()}, [=](const Tensors& x) mutable -> Tensors {
        const Tensor steps = x[0].transpose(0, 1);
        const auto [answer, weights] = attention(steps, steps, steps);
        return {answer.transpose(0, 1), weights};
    });
    expect_same_answers_at_five_shapes(self, kSteps);
    expect_same_answers_at_five_shapes(self, kSteps, kFreeLength);

    const Model cross = module_of({attention.ptr()}, [=](const Tensors& x) mutable -> Tensors {
        const Tensor memory = x[1].transpose(0, 1);
        return {std::get<0>(attention(x[0].transpose(0, 1), memory, memory, x[2]))};
    });
    const auto make = [](int64_t rows, int64_t length) -> Tensors {
        Tensor padding = torch::zeros({rows, length + 2}, torch::kBool);
        padding.select(1, length + 1).fill_(true);
        return {torch::randn({rows, length, 8}), torch::randn({rows, length + 2, 8}), padding};
    };
    expect_same_answers_at_five_shapes(cross, make);
    expect_same_answers_at_five_shapes(cross, make, {{0, {1}}, {1, {1}}, {2, {1}}});

    const Model function = of_one({}, [](const Tensor& x) {
        return at::scaled_dot_product_attention(x, x, x, {}, /*dropout_p=*/0.0, /*is_causal=*/true);
    });
    expect_same_answers_at_five_shapes(function, kSteps, kFreeLength);
    const Model random = of_one({}, [](const Tensor& x) { return at::scaled_dot_product_attention(x, x, x, {}, 0.5); });
    EXPECT_THAT(refusal(random, kSteps(6, 5)), HasSubstr("draws random numbers in eval mode"));
}

TEST(ModuleExport, attention_with_biases_and_other_options) {
    for (const auto& options : {nn::MultiheadAttentionOptions(8, 2).add_bias_kv(true).add_zero_attn(true),
                                nn::MultiheadAttentionOptions(8, 4).bias(false).kdim(6).vdim(6)}) {
        nn::MultiheadAttention attention(options);
        const Model model = module_of({attention.ptr()}, [=](const Tensors& x) mutable -> Tensors {
            const Tensor steps = x[0].transpose(0, 1), memory = steps.narrow(2, 0, options.kdim());
            return {std::get<0>(attention(steps, memory, memory)).transpose(0, 1)};
        });
        expect_same_answers_at_five_shapes(model, kSteps, kFreeLength);
    }
}

TEST(ModuleExport, transformers) {
    nn::TransformerEncoderLayer layer(nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16));
    const Model one_layer = of_one({layer.ptr()}, [=](const Tensor& x) mutable {
        return layer(x.transpose(0, 1)).transpose(0, 1);
    });
    expect_same_answers_at_five_shapes(one_layer, kSteps, kFreeLength);

    nn::Embedding embedding(nn::EmbeddingOptions(11, 8).padding_idx(0));
    nn::TransformerEncoder encoder(nn::TransformerEncoderOptions(layer, 2));
    nn::Linear head(8, 3);
    const Model classifier = of_one({embedding.ptr(), encoder.ptr(), head.ptr()}, [=](const Tensor& tokens) mutable {
        const Tensor positions = torch::arange(tokens.size(1)).unsqueeze(1).to(torch::kFloat).sin();
        const Tensor x = (embedding(tokens) + positions).transpose(0, 1);
        return head(encoder->forward(x, Tensor(), tokens.eq(0)).select(0, 0));
    });
    expect_same_answers_at_five_shapes(classifier, kTokens);
    expect_same_answers_at_five_shapes(classifier, kTokens, kFreeLength);

    nn::TransformerDecoderLayer decoder(nn::TransformerDecoderLayerOptions(8, 2).dim_feedforward(16));
    const Model decoding = module_of({decoder.ptr()}, [=](const Tensors& x) mutable -> Tensors {
        const Tensor mask = torch::full({x[0].size(1), x[0].size(1)}, -INFINITY).triu(1);
        return {decoder(x[0].transpose(0, 1), x[1].transpose(0, 1), mask)};
    });
    const auto make = [](int64_t rows, int64_t length) -> Tensors {
        return {torch::randn({rows, length, 8}), torch::randn({rows, length + 3, 8})};
    };
    expect_same_answers_at_five_shapes(decoding, make, {{0, {1}}, {1, {1}}});
}

TEST(ModuleExport, pictures) {
    nn::Conv2d first(nn::Conv2dOptions(3, 4, 3).padding(1)), second(nn::Conv2dOptions(4, 4, 3).padding(1));
    nn::BatchNorm2d norm(4);
    nn::Linear head(4, 2);
    norm->running_var.uniform_(0.5, 2);
    const Model residual = of_one({first.ptr(), second.ptr(), norm.ptr(), head.ptr()}, [=](const Tensor& x) mutable {
        const Tensor y = first(x).relu();
        return head(torch::relu(norm(second(y)) + y).mean({2, 3}));
    });
    expect_same_answers_at_five_shapes(residual, kPictures);
    expect_same_answers_at_five_shapes(
        residual, [](int64_t rows, int64_t length) -> Tensors { return {torch::randn({rows, 3, length + 2, length})}; },
        {{0, {2, 3}}});

    nn::ConvTranspose2d up(nn::ConvTranspose2dOptions(4, 4, 2).stride(2));
    nn::Conv2d last(nn::Conv2dOptions(8, 2, 1));
    const Model unet = of_one({first.ptr(), second.ptr(), up.ptr(), last.ptr()}, [=](const Tensor& x) mutable {
        const Tensor a = first(x).relu(), b = second(torch::max_pool2d(a, 2)).relu();
        const auto size = std::vector<int64_t>{a.size(2), a.size(3)};
        const Tensor resized = F::interpolate(b, F::InterpolateFuncOptions().size(size).mode(torch::kNearest));
        return last(torch::cat({a + resized, up(b)}, 1));
    });
    expect_same_answers_at_five_shapes(unet, kPictures);
}

TEST(ModuleExport, mixer) {
    nn::Conv2d patch(nn::Conv2dOptions(3, 8, 4).stride(4));
    nn::LayerNorm norm(nn::LayerNormOptions({8}));
    nn::Sequential tokens(nn::Linear(4, 8), nn::GELU(), nn::Linear(8, 4)),
        channels(nn::Linear(8, 16), nn::GELU(), nn::Linear(16, 8));
    const Model mixer =
        of_one({patch.ptr(), norm.ptr(), tokens.ptr(), channels.ptr()}, [=](const Tensor& pictures) mutable {
            Tensor x = patch(pictures).flatten(2).transpose(1, 2);
            x = x + tokens->forward(norm(x).transpose(1, 2)).transpose(1, 2);
            return (x + channels->forward(norm(x))).mean(1);
        });
    expect_same_answers_at_five_shapes(mixer, kPictures);
}

TEST(ModuleExport, encoder_and_decoder_without_teacher_forcing) {
    nn::Embedding embedding(11, 8);
    nn::GRU encoder(nn::GRUOptions(8, 8).batch_first(true));
    nn::GRUCell decoder(8, 8);
    nn::Linear head(8, 11);
    const Model model = of_one(
        {embedding.ptr(), encoder.ptr(), decoder.ptr(), head.ptr()}, [=](const Tensor& tokens) mutable {
            Tensor state = std::get<1>(encoder(embedding(tokens))).squeeze(0);
            Tensor word = torch::zeros({tokens.size(0)}, torch::kLong);
            Tensors steps;
            for (int step = 0; step < 4; ++step) {
                state = decoder(embedding(word), state);
                steps.push_back(head(state));
                word = steps.back().argmax(1);
            }
            return torch::stack(steps, 1);
        });
    expect_same_answers_at_five_shapes(model, kTokens);
    expect_same_answers_at_five_shapes(model, kTokens, kFreeLength);
}

TEST(ModuleExport, tables_and_experts) {
    nn::EmbeddingBag bag(nn::EmbeddingBagOptions(11, 4).mode(torch::kMean));
    expect_same_answers_at_five_shapes(of_one({bag.ptr()}, [=](const Tensor& x) mutable { return bag(x); }), kTokens,
                                       kFreeLength);

    nn::Linear gate(6, 2), a(6, 4), b(6, 4);
    const Model experts = of_one({gate.ptr(), a.ptr(), b.ptr()}, [=](const Tensor& x) mutable {
        const Tensor scores = gate(x).softmax(1);
        return torch::where(scores.select(1, 0).gt(0.5).unsqueeze(1), a(x), b(x)) * scores.amax(1, true);
    });
    expect_same_answers_at_five_shapes(experts, kRows);

    nn::Embedding embedding(11, 3);
    nn::BatchNorm1d norm(9);
    nn::Linear head(9, 2);
    nn::Dropout dropout(0.5);
    const Model several = module_of(
        {embedding.ptr(), norm.ptr(), head.ptr(), dropout.ptr()}, [=](const Tensors& x) mutable -> Tensors {
            const Tensor h = dropout(norm(torch::cat({embedding(x[0]), x[1]}, 1)));
            return {head(h), h.view({x[0].size(0), 3, -1}), x[0] + x[1].size(0)};
        });
    expect_same_answers_at_five_shapes(several, [](int64_t rows, int64_t) -> Tensors {
        return {torch::randint(11, {rows}, torch::kLong), torch::randn({rows, 6})};
    });

    nn::Sequential layers(nn::Linear(6, 12), nn::BatchNorm1d(12), nn::ReLU(nn::ReLUOptions(true)),
                                nn::Dropout(0.3), nn::Linear(12, 2));
    expect_same_answers_at_five_shapes(Model(layers), kRows);
}

TEST(ModuleExport, sizes_that_cpp_takes_from_its_input) {
    const std::vector<std::function<Tensor(const Tensor&)>> functions = {
        [](const Tensor& x) { return x.view({x.size(0), -1}); },
        [](const Tensor& x) { return x.reshape({x.size(0) * x.size(1), 8}).sum(1); },
        [](const Tensor& x) { return torch::zeros({x.size(0), x.size(1)}) + x.sum(2); },
        [](const Tensor& x) { return x.sum(1) / x.size(1); },
        [](const Tensor& x) { return x.sum(1) * (1.0 / x.size(1)) + static_cast<double>(x.size(0)); },
        [](const Tensor& x) { return x.sum() - x.numel(); },
        [](const Tensor& x) { return x + torch::arange(x.size(1)).unsqueeze(1) * x.size(0); },
        [](const Tensor& x) { return x.narrow(1, 0, (x.size(1) + 1) / 2); },
        [](const Tensor& x) { return torch::ones({x.size(0), 2 * (x.size(1) / 3) + 1}) * x.mean(); },
        [](const Tensor& x) { return x.index({torch::indexing::Slice(), x.size(1) - 1}); },
        [](const Tensor& x) { return torch::ones({x.size(0) + x.size(1), 2 * x.size(1) + 3}) * x.mean(); },
        [](const Tensor& x) { return x * torch::tensor(x.size(1)) + torch::tensor(static_cast<float>(x.size(0))); },
        [](const Tensor& x) { return torch::full({x.size(0)}, x.size(1)) * x.size(1); }};
    for (size_t i = 0; i < functions.size(); ++i) {
        SCOPED_TRACE(i);
        expect_same_answers_at_five_shapes(of_one({}, functions[i]), kSteps, kFreeLength);
    }
}

TEST(ModuleExport, operations_in_place) {
    const auto scale = std::make_shared<UserModuleImpl>();
    const Tensor mean = scale->register_buffer("mean", torch::randn({6})),
                 scaled = scale->register_buffer("scale", torch::rand({6}) + 1);
    scale->function = [=](const Tensors& x) -> Tensors {
        Tensor y = x[0].clone().sub_(mean).div_(scaled);
        y.select(1, 0).mul_(2);
        Tensor made = torch::zeros({y.size(0), 6});
        made.slice(1, 0, 3).copy_(y.slice(1, 3));
        return {y, made.add_(1)};
    };
    expect_same_answers_at_five_shapes(Model(scale), kRows);
}

TEST(ModuleExport, decisions_by_values_are_refused) {
    const std::vector<std::function<Tensor(const Tensor&)>> functions = {
        [](const Tensor& x) { return x.mean().item<float>() > 0 ? x * 2 : x; },
        [](const Tensor& x) { return x.isnan().any().item<bool>() ? x.nan_to_num() : x; },
        [](const Tensor& x) { return x.abs().max().gt(50).is_nonzero() ? x / 50 : x; },
        [](const Tensor& x) { return x * x.sum().item<double>(); },
        [](const Tensor& x) { return x.narrow(1, 0, 1 + x.gt(9).sum().item<int64_t>()); },
        [](const Tensor& x) { return x[x.sum(1).argmax()]; },
        [](const Tensor& x) { return torch::allclose(x, x.abs()) ? x : -x; },
        [](const Tensor& x) {
            Tensor made = torch::zeros({6});
            made[0].copy_(x.sum());
            return made.sum().item<float>() > 0 ? x : -x;
        }};
    for (size_t i = 0; i < functions.size(); ++i) {
        EXPECT_THAT(refusal(of_one({}, functions[i]), kRows(6, 5)),
                    AllOf(HasSubstr("takes a number out of a tensor that follows from the input"),
                          HasSubstr("torch::where")))
            << i;
    }
    EXPECT_THAT(refusal(of_one({}, [](const Tensor& x) { return torch::equal(x, x.abs()) ? x : -x; }), kRows(6, 5)),
                HasSubstr("aten::equal takes a number"));
}

TEST(ModuleExport, decisions_that_no_operator_shows_are_refused) {
    const auto first = [](const Tensor& x) { return x.contiguous().data_ptr<float>()[0]; };
    for (const auto& function : std::vector<std::function<Tensor(const Tensor&)>>{
             [=](const Tensor& x) { return first(x) > 0 ? x * 2 : x.tanh(); },
             [=](const Tensor& x) { return x * first(x); },
             [](const Tensor& x) { return x.masked_select(x.ne(0)).size(0) < x.numel() ? x * 2 : x.tanh(); },
             [](const Tensor& x) { return x * x.nonzero().size(0); }}) {
        EXPECT_THAT(refusal(of_one({}, function), {torch::ones({6, 6})}),
                    ::testing::AnyOf(HasSubstr("its operations are not the same for every batch"),
                                     HasSubstr("uses a fixed value that follows from the batch")));
    }
}

TEST(ModuleExport, lengths_of_packed_sequences_that_make_a_size_are_refused) {
    nn::LSTM lstm(nn::LSTMOptions(8, 4).batch_first(true));
    const Model model = module_of({lstm.ptr()}, [=](const Tensors& x) mutable -> Tensors {
        const auto packed = nn::utils::rnn::pack_padded_sequence(x[0], x[1], /*batch_first=*/true, false);
        const auto states = std::get<0>(lstm->forward_with_packed_input(packed));
        return {std::get<0>(nn::utils::rnn::pad_packed_sequence(states, /*batch_first=*/true))};
    });
    EXPECT_THAT(refusal(model, {torch::randn({6, 5, 8}), torch::full({6}, 5, torch::kLong)}),
                HasSubstr("aten::_pad_packed_sequence uses a fixed value that follows from the batch, 5 with 5 rows and "
                          "3 with integers half as large"));
}

TEST(ModuleExport, modules_that_keep_a_state_are_refused) {
    const auto module = std::make_shared<UserModuleImpl>();
    const Tensor count = module->register_buffer("count", torch::zeros({1}));
    module->function = [=](const Tensors& x) -> Tensors { return {x[0] * Tensor(count).add_(1)}; };
    EXPECT_THAT(refusal(Model(module), kRows(6, 5)), HasSubstr("nor keep a state"));
}

TEST(ModuleExport, decisions_by_sizes_are_refused) {
    EXPECT_THAT(refusal(of_one({}, [](const Tensor& x) { return x.size(0) > 20 ? x * 2 : x.tanh(); }), kRows(6, 5)),
                HasSubstr("its operations are not the same for every batch: those with 5 rows and those with 33 rows"));
    EXPECT_THAT(refusal(of_one({}, [](const Tensor& x) { return x.size(0) > 500 ? x * 2 : x.tanh(); }), kRows(6, 5)),
                HasSubstr("its operations are not the same for every batch"));
    EXPECT_THAT(refusal(of_one({}, [](const Tensor& x) { return x.size(1) > 8 ? x * 2 : x.tanh(); }), kSteps(6, 5),
                        kFreeLength),
                HasSubstr("those with 5 rows and m = 5 and those with "));
    const std::function<Tensor(const Tensor&)> loop = [](const Tensor& x) {
        Tensor state = torch::zeros({x.size(0), 8});
        for (int64_t t = 0; t < x.size(1); ++t) state = torch::tanh(state + x.select(1, t));
        return state;
    };
    EXPECT_THAT(refusal(of_one({}, loop), kSteps(6, 5), kFreeLength),
                HasSubstr("its operations are not the same for every batch"));
    expect_same_answers_at_five_shapes(of_one({}, loop), kSteps);
}

TEST(ModuleExport, numbers_of_the_module_itself_may_be_read) {
    const auto module = std::make_shared<UserModuleImpl>();
    const Tensor scale = module->register_parameter("scale", torch::tensor(3.f)),
                 limit = module->register_buffer("limit", torch::tensor(0.5));
    module->function = [=](const Tensors& x) -> Tensors {
        return {limit.item<float>() > 0 ? x[0] * scale.item<double>() : x[0]};
    };
    expect_same_answers_at_five_shapes(Model(module), kRows);
}

TEST(ModuleExport, files_refuse_other_shapes) {
    const Model mean_of_row = of_one({}, [](const Tensor& x) { return x.sum(1) / x.size(1); });
    const auto mean = exported(mean_of_row, {torch::randn({6, 5})});
    EXPECT_EQ(refused_call(mean, {torch::randn({3, 9})}), "forward expects x of shape (n, 5), got (3, 9)");
    EXPECT_EQ(refused_call(mean, {torch::randn({5})}), "forward expects x of shape (n, 5), got (5,)");
    EXPECT_EQ(refused_call(mean, {torch::randn({3, 5, 1})}), "forward expects x of shape (n, 5), got (3, 5, 1)");
    EXPECT_EQ(refused_call(mean, {torch::randn({0, 5})}), "");

    const Model two = module_of({}, [](const Tensors& x) -> Tensors { return {x[0].sum(2) * x[1]}; });
    const auto together = exported(two, {torch::randn({6, 5, 8}), torch::randn({6, 5})}, {{0, {1}}, {1, {1}}});
    EXPECT_EQ(refused_call(together, {torch::randn({3, 9, 8}), torch::randn({3, 9})}), "");
    EXPECT_EQ(refused_call(together, {torch::randn({3, 9, 8}), torch::randn({3, 1})}),
              "forward expects x1 of shape (n, m, 8) and x2 of shape (n, m), got (3, 9, 8) and (3, 1)");
    EXPECT_EQ(refused_call(together, {torch::randn({3, 9, 8}), torch::randn({1, 9})}),
              "forward expects x1 of shape (n, m, 8) and x2 of shape (n, m), got (3, 9, 8) and (1, 9)");
}

TEST(ModuleExport, lengths_that_the_module_cannot_have_are_refused) {
    nn::Linear head(40, 2);
    const Model model = of_one({head.ptr()}, [=](const Tensor& x) mutable { return head(x.flatten(1)); });
    EXPECT_THAT(refusal(model, kSteps(6, 5), kFreeLength),
                HasSubstr("with 12 rows and m = 8 its forward fails: mat1 and mat2 shapes cannot be multiplied"));
    EXPECT_THAT(refusal(of_one({}, [w = torch::ones({2})](const Tensor&) { return w; }), kRows(6, 5)),
                HasSubstr("follows neither from its inputs nor from its parameters"));
}

TEST(ModuleExport, dynamic_dims_must_exist) {
    const auto error = [](const DynamicDims& dims) {
        return message_of<UsageError>([&] {
            trace_module(of_one({}, [](const Tensor& x) { return x * 2; }), {torch::randn({6, 5})}, dims);
        });
    };
    EXPECT_THAT(error({{1, {1}}}), HasSubstr("there is no input 1, counted from 0; the model has 1"));
    EXPECT_THAT(error({{0, {0}}}), HasSubstr("dimension 0 of input 0 is the rows, which may always differ"));
    EXPECT_THAT(error({{0, {2}}}), HasSubstr("input 0 has no dimension 2"));
    EXPECT_THAT(error({{0, {-1}}}), HasSubstr("input 0 has no dimension -1"));
    EXPECT_THAT(error({{0, {1, 1}}}), HasSubstr("dimension 1 of input 0 is named twice"));
}

}  // namespace module_export_test
