// What ONNX files say of themselves, and what is refused. tests/tools/test_onnx.py compares what they answer.
#include <embark/learners/onnx/export_onnx.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/data/collab/collab.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/learner.h>
#include <embark/learners/onnx/onnx_file.h>

#include "python.h"
#include "test_files.h"

namespace embark {
namespace export_onnx_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;
using Json = nlohmann::json;

DataLoaders numbers() {
    const auto x = torch::randn({40, 4});
    return DataLoaders::from_tensors({.inputs = {x}, .targets = {x.sum(1, true)}}, {.batch_size = 8});
}

struct SpectrumImpl : torch::nn::Module {
    torch::Tensor forward(const torch::Tensor& x) { return torch::fft::rfft(x).abs(); }
};
TORCH_MODULE(Spectrum);

/// Steps of any number: LibTorch's own layers, which take sizes out of their input.
struct StepsNetImpl : torch::nn::Module {
    std::tuple<torch::Tensor, torch::Tensor> forward(const torch::Tensor& x, const torch::Tensor& weight) {
        const auto steps = std::get<0>(lstm(x)).transpose(0, 1);
        const auto seen = std::get<0>(attention(steps, steps, steps)).transpose(0, 1) * weight.unsqueeze(2);
        const auto scaled = seen.sum(1) / x.size(1) * (1.0 / x.size(0));
        return {scaled.view({x.size(0), 2, -1}), seen + torch::arange(x.size(1)).unsqueeze(1)};
    }
    torch::nn::LSTM lstm = register_module("lstm", torch::nn::LSTM(torch::nn::LSTMOptions(3, 4).batch_first(true)));
    torch::nn::MultiheadAttention attention = register_module("attention", torch::nn::MultiheadAttention(4, 2));
};
TORCH_MODULE(StepsNet);

Json array_json(const torch::Tensor& tensor) {
    const auto values = tensor.to(torch::kDouble).contiguous();
    return {{"dtype", "float32"},
            {"shape", tensor.sizes().vec()},
            {"data", std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + values.numel())}};
}

void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

TEST(ExportOnnx, of_a_module_of_ones_own_says_what_it_takes_and_where_it_comes_from) {
    TemporaryFolder folder;
    const auto path = folder.path() / "net.onnx";
    Learner learn(numbers(), torch::nn::Sequential(torch::nn::Linear(4, 3), torch::nn::ReLU(), torch::nn::Linear(3, 1)),
                  {.loss = mse_loss_flat(), .progress = false});
    learn.fit(2, 0.01);
    EXPECT_THAT(learn.export_onnx(path, {.metadata = {{"trained on", "numbers"}, {"embark", "mine"}}}), ElementsAre(path));
    const auto metadata = read_onnx_metadata(path);
    EXPECT_EQ(metadata.at("trained on"), "numbers");
    const Json schema = Json::parse(metadata.at("schema"));
    EXPECT_EQ(schema["inputs"], Json::parse(R"([{"name": "x", "kind": "tensor", "type": "float32", "shape": [4]}])"));
    EXPECT_EQ(schema["training"]["epochs"], 2);
    EXPECT_EQ(schema["training"]["recorded"]["valid_loss"], learn.records().last("valid_loss"));
    EXPECT_EQ(Json::parse(metadata.at("embark"))["metadata"]["embark"], "mine") << "its own names stay";
}

TEST(ExportOnnx, of_ratings_writes_a_file_for_each_question) {
    TemporaryFolder folder;
    std::vector<std::string> users, items;
    std::vector<float> ratings;
    for (int i = 0; i < 60; ++i) {
        users.push_back("u" + std::to_string(i % 7));
        items.push_back("i" + std::to_string(i % 11));
        ratings.push_back(static_cast<float>(1 + i % 5));
    }
    const Table table = Table::from_text({{"user", users}, {"item", items}}).with_column("rating", torch::tensor(ratings));
    auto learn = collab_learner(CollabDataLoaders::from_table(table, {.batch_size = 16}), {.n_factors = 4}, {.progress = false});
    EXPECT_THAT(learn.export_onnx(folder.path() / "m.v1.onnx"),
                ElementsAre(folder.path() / "m.v1.onnx", folder.path() / "m.v1.recommend.onnx",
                            folder.path() / "m.v1.similar.onnx"));
    EXPECT_EQ(Json::parse(read_onnx_metadata(folder.path() / "m.v1.similar.onnx").at("columns"))[0],
              Json::parse(R"({"name": "user", "kind": "id", "count": 7})"));
}

TEST(ExportOnnx, names_an_operator_that_onnx_does_not_have_and_writes_nothing) {
    TemporaryFolder folder;
    const std::string message =
        message_of<Error>([&] { export_onnx(Model(Spectrum()), numbers(), folder.path() / "s.onnx"); });
    EXPECT_THAT(message, AllOf(HasSubstr("Spectrum"), HasSubstr("aten::fft_rfft")));
    EXPECT_EQ(message.find('\n'), message.npos);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    EXPECT_THAT(message_of<Error>([&] {
                    export_onnx(Model(torch::nn::Linear(4, 1)), numbers(), folder.path() / "no" / "s.onnx");
                }),
                HasSubstr("no"));
}

TEST(ExportOnnx, of_a_module_with_dynamic_dims_takes_any_length) {
    EMBARK_NEEDS_PYTHON_MODULE("onnxruntime");
    TemporaryFolder folder;
    const auto path = folder.path() / "steps.onnx";
    const auto dls = DataLoaders::from_tensors(
        {.inputs = {torch::randn({40, 5, 3}), torch::rand({40, 5})}, .targets = {torch::randn({40, 1})}},
        {.batch_size = 8});
    const Model model{StepsNet()};
    export_onnx(model, dls, path, {.dynamic_dims = {{0, {1}}, {1, {1}}}});
    EXPECT_EQ(Json::parse(read_onnx_metadata(path).at("schema"))["inputs"][0]["shape"], Json::parse(R"(["m", 3])"));

    Json expected = {{"dims", {{"rows", "m", 3}, {"rows", "m"}}}};
    const torch::NoGradGuard no_grad;
    model.module().eval();
    for (const auto& [rows, length] : {std::pair(1, 9), {7, 5}, {2, 1}, {12, 21}}) {
        const Tensors inputs = {torch::randn({rows, length, 3}), torch::rand({rows, length})}, outputs = model(inputs);
        expected["cases"].push_back({{"inputs", {array_json(inputs[0]), array_json(inputs[1])}},
                                     {"outputs", {array_json(outputs[0]), array_json(outputs[1])}}});
    }
    EXPECT_EQ(testing::run_python("learners/onnx/check_forward.py",
                                  {path, folder.write("expected.json", expected.dump())}),
              "ok\n");
}

TEST(ExportOnnx, of_a_file_of_the_first_version_needs_to_know_what_forward_takes) {
    TemporaryFolder folder;
    const auto old = std::filesystem::path(EMBARK_SOURCE_DIR) / "tests/golden/0.1/tensors.pt";
    EXPECT_THAT(message_of<Error>([&] { convert_to_onnx(ExportedFile(old), folder.path() / "t.onnx"); }),
                HasSubstr("version 0.1.0 of Embark did not note which tensors its forward takes; export the model again"));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(OnnxFile, that_is_damaged_gives_an_error_or_what_is_left_of_it) {
    TemporaryFolder folder;
    const auto path = folder.path() / "net.onnx", bad = folder.path() / "bad.onnx";
    export_onnx(Model(torch::nn::Linear(4, 1)), numbers(), path);
    const std::string whole = read_file(path);
    torch::manual_seed(5);
    const auto try_to_read = [&](const std::string& bytes) {
        write(bad, bytes);
        try {
            read_onnx_metadata(bad);
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr("bad.onnx"));
        }
    };
    for (size_t size = 0; size < whole.size(); size += 7) try_to_read(whole.substr(0, size));
    for (int i = 0; i < 500; ++i) {
        std::string bytes = whole;
        for (int flip = 0; flip < 3; ++flip) {
            const auto at = static_cast<size_t>(torch::randint(static_cast<int64_t>(bytes.size()), {1}).item<int64_t>());
            bytes[at] = static_cast<char>(torch::randint(256, {1}).item<int64_t>());
        }
        try_to_read(bytes);
    }
    for (const char* text : {"", "PK\3\4", "hello", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"}) {
        write(bad, text);
        EXPECT_THROW(read_onnx_metadata(bad), Error) << text;
    }
}

}  // namespace export_onnx_test
}  // namespace embark
