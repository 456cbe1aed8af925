#include <embark/modules/weights.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/safetensors.h>

#include <embark/modules/dot_product.h>
#include <embark/modules/tabular_model.h>

#include "archives.h"
#include "baselines.h"
#include "python.h"
#include "test_files.h"

namespace embark {
namespace weights_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;
using testing::TemporaryFolder;

torch::nn::Sequential network(int64_t n_out = 2) {
    torch::nn::Sequential net(torch::nn::Linear(3, 4), torch::nn::BatchNorm1d(4), torch::nn::Linear(4, n_out));
    net->eval();
    return net;
}

at::Tensor sum_of(const torch::nn::Module& module) {
    at::Tensor sum = torch::zeros({});
    for (const auto& parameter : module.parameters()) sum += parameter.detach().sum();
    return sum;
}

class PythonWeights : public ::testing::Test {
protected:
    void SetUp() override {
        for (const char* module : {"torch", "safetensors"}) EMBARK_NEEDS_PYTHON_MODULE(module);
        EXPECT_THAT(testing::run_python("modules/weights_files.py", {folder_.path()}), ::testing::Not(HasSubstr("Error")));
        expected_ = load_safetensors(file("expected.safetensors")).tensors;
    }
    std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
    void expect_outputs(torch::nn::Sequential& net, double tolerance = 1e-6) {
        const torch::NoGradGuard no_grad;
        EXPECT_TRUE(at::allclose(net->forward(expected_.at("x")), expected_.at("y"), tolerance, tolerance));
    }

    TemporaryFolder folder_;
    std::map<std::string, at::Tensor> expected_;
};

TEST_F(PythonWeights, of_safetensors_and_torch_save_give_pythons_outputs) {
    for (const char* name : {"plain.safetensors", "state.pth"}) {
        auto net = network();
        const LoadedWeights weights = load_weights(*net, file(name));
        EXPECT_EQ(weights.loaded.size(), 9) << name;
        EXPECT_THAT(weights.missing, IsEmpty());
        expect_outputs(net);
    }
    auto half = network(), checkpoint = network(), prefixed = network();
    load_weights(*half, file("half.pth"));
    expect_outputs(half, 1e-3);
    load_weights(*checkpoint, file("checkpoint.pth"), {.entry = "model"});
    expect_outputs(checkpoint);
    load_weights(*prefixed, file("prefixed.safetensors"), {.prefix = "body."});
    expect_outputs(prefixed);
}

TEST_F(PythonWeights, of_views_are_what_the_views_show) {
    const auto views = read_weights(file("views.pth"));
    EXPECT_TRUE(views.at("weight").equal(torch::arange(24.0).reshape({2, 12}).slice(1, 0, 12, 2).to(at::kFloat)));
    EXPECT_TRUE(views.at("bias").equal(torch::tensor({12.f, 13.f})));
    // A file of a few hundred bytes takes no memory for what it repeats.
    EXPECT_EQ(read_weights(file("one_number.pth")).at("weight").numel(), int64_t{1} << 40);
}

TEST(Weights, of_a_small_file_that_would_fill_memory_are_refused) {
    const TemporaryFolder folder;
    const auto message = [&](const testing::Records& records, std::string_view deflated) {
        const auto path = folder.write("weights.pth", testing::archive_of(records, deflated));
        return message_of<Error>([&] { read_weights(path); });
    };
    EXPECT_THAT(message({{"data.pkl", std::string(60 << 20, ']')}}, "data"),
                HasSubstr("'data.pkl', is larger than in any model's file"));
    EXPECT_THAT(message({{"data.pkl", "]]."}}, ""), HasSubstr("it has 2 values in the place of one"));
}

TEST_F(PythonWeights, of_another_head_are_refused_or_taken_in_part) {
    auto net = network();
    const at::Tensor before = sum_of(*net);
    EXPECT_THAT(message_of<Error>([&] { load_weights(*net, file("other_head.pth")); }),
                AllOf(HasSubstr("unexpected 3.weight"), HasSubstr("wrong shape [7, 4] of 2.weight, the model's is [2, 4]")));
    EXPECT_TRUE(sum_of(*net).equal(before));
    const LoadedWeights part = load_weights(*net, file("other_head.pth"), {.strict = false});
    EXPECT_THAT(part.wrong_shape, ElementsAre("2.bias", "2.weight"));
    EXPECT_THAT(part.unexpected, ElementsAre("3.weight"));
    EXPECT_EQ(part.loaded.size(), 7);
    const auto without_bias = [](const std::string& name) { return name == "2.bias" ? "" : name; };
    const LoadedWeights renamed =
        load_weights(*net, file("state.pth"), {.strict = false, .rename = without_bias});
    EXPECT_THAT(renamed.missing, ElementsAre("2.bias"));
}

TEST_F(PythonWeights, that_are_none_are_refused_in_one_sentence_and_nothing_runs) {
    auto net = network();
    const at::Tensor before = sum_of(*net);
    std::vector<std::string> files = {"hostile.pth", "module.pth", "old.pth", "list.pth", "number.pth", "zeros.pth"};
    for (int i = 0; i < 5; ++i) files.push_back("cut" + std::to_string(i) + ".pth");
    for (const std::string& name : files) {
        const std::string message = message_of<Error>([&] { load_weights(*net, file(name)); });
        EXPECT_THAT(message, HasSubstr(name));
        EXPECT_EQ(message.find('\n'), message.npos) << message;
    }
    EXPECT_FALSE(std::filesystem::exists(file("was_run")));
    EXPECT_TRUE(sum_of(*net).equal(before));
    EXPECT_THAT(message_of<Error>([&] { load_weights(*net, file("checkpoint.pth")); }),
                HasSubstr("give {.entry = \"model\"}"));
    EXPECT_THAT(message_of<Error>([&] { load_weights(*net, file("checkpoint.pth"), {.entry = "modl"}); }),
                HasSubstr("did you mean 'model'"));
    EXPECT_THAT(message_of<UsageError>([&] { load_weights(*net, file("plain.safetensors"), {.entry = "model"}); }),
                HasSubstr("no entry 'model'"));
}

struct TiedImpl : torch::nn::Module {
    TiedImpl() {
        first = register_module("first", torch::nn::Linear(2, 2));
        tied = register_parameter("tied", first->weight);
    }
    torch::nn::Linear first = nullptr;
    at::Tensor tied;
};

TEST(Weights, of_a_tied_tensor_may_be_under_one_of_its_names) {
    TemporaryFolder folder;
    const auto file = folder.path() / "w.safetensors";
    save_safetensors(file, {.tensors = {{"first.weight", torch::ones({2, 2})}, {"first.bias", torch::ones({2})}},
                            .metadata = {}});
    TiedImpl model;
    EXPECT_THAT(load_weights(model, file).missing, IsEmpty());
    EXPECT_TRUE(model.tied.equal(torch::ones({2, 2})));
}

/// A file that fastai's Learner.save() wrote, and what the model says in fastai.
class FastaiFile {
public:
    explicit FastaiFile(const std::string& baseline) : tensors(testing::tensor_baseline(baseline).tensors) {
        const at::Tensor& bytes = tensors.at("file");
        path = folder_.write("model.pth", {static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()});
    }
    std::map<std::string, at::Tensor> tensors;
    std::filesystem::path path;

private:
    TemporaryFolder folder_;
};

TEST(FastaiFiles, of_an_embedding_dot_bias_give_its_predictions) {
    const FastaiFile file("fastai_collab.safetensors");
    DotProductBias model(DotProductOptions{.n_users = 5, .n_items = 6, .n_factors = 3, .y_range = {0, 5.5}});
    load_weights(*model, file.path, {.entry = "model", .rename = fastai_collab_name});
    const torch::NoGradGuard no_grad;
    EXPECT_LE(testing::largest_difference(model->forward(file.tensors.at("x")), file.tensors.at("prediction")), 1e-6);
}

TEST(FastaiFiles, of_a_tabular_model_give_its_predictions) {
    const FastaiFile file("fastai_tabular.safetensors");
    TabularModel model(TabularModelOptions{
        .embeddings = {{4, 2}, {6, 3}}, .n_cont = 3, .outputs = {{.size = 2}}, .layers = {4}, .y_range = {-1, 4}});
    load_weights(*model, file.path);
    model->eval();
    const torch::NoGradGuard no_grad;
    const auto predictions = model->forward(file.tensors.at("x_cat"), file.tensors.at("x_cont")).front();
    EXPECT_LE(testing::largest_difference(predictions, file.tensors.at("prediction")), 1e-6);
}

TEST(Weights, that_are_saved_are_loaded) {
    TemporaryFolder folder;
    auto first = network(), second = network();
    save_weights(*first, folder.path() / "w.safetensors");
    load_weights(*second, folder.path() / "w.safetensors");
    EXPECT_TRUE(sum_of(*first).equal(sum_of(*second)));
    auto other = network(5);
    EXPECT_THAT(message_of<Error>([&] { load_weights(*other, folder.path() / "w.safetensors"); }),
                HasSubstr("wrong shape [2] of 2.bias, the model's is [5]"));
    EXPECT_THAT(message_of<Error>([&] { load_weights(*other, folder.path() / "none.pth"); }), HasSubstr("none.pth"));
}

}  // namespace weights_test
}  // namespace embark
