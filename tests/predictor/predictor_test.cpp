#include <embark/predictor.h>

#include <cmath>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/predictor/detail/archive_seal.h>
#include <embark/predictor/detail/export_format.h>
#include <embark/predictor/detail/tabular_encoder_json.h>

#include "test_files.h"

// What Predictor does with files that a Learner wrote stands in tests/learners, where Learners are; here are those that
// it refuses, and it is linked without the rest of the library.
namespace embark {
namespace predictor_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::EndsWith;
using ::testing::HasSubstr;

/// A file as export_torchscript writes it, of a module that adds 1.
std::string archive(const std::string& metadata) {
    torch::jit::Module module("Plus");
    module.define("def forward(self, x):\n    return x + 1\n");
    std::ostringstream out;
    module.save(out, {{kMetadataName, metadata}});
    return seal_archive(out.str());
}

std::string load_error(const std::filesystem::path& path) {
    return message_of<Error>([&] { Predictor::load(path); });
}

TEST(Predictor, answers_encoded_tensors) {
    TemporaryFolder folder;
    const auto path =
        folder.write("plus.pt", archive(R"({"format": 1, "kind": "tensors", "version": "0.1.0", "model": "Plus"})"));
    const auto predictor = Predictor::load(path);
    EXPECT_EQ(predictor.info().model, "Plus");
    EXPECT_TRUE(at::equal(predictor.forward({torch::ones({2})}).at(0), torch::full({2}, 2.0)));
    EXPECT_THAT(message_of<Error>([&] { predictor.recommend("1"); }),
                HasSubstr("plus.pt has no method recommend: its kind is tensors, and its methods are forward"));
    EXPECT_THAT(message_of<Error>([&] {
                    predictor.predict(RawRow{{"x", 1}});
                }),
                HasSubstr("plus.pt predicts no rows of a table: its kind is tensors"));
}

TEST(Predictor, answers_as_before_after_an_undefined_tensor) {
    TemporaryFolder folder;
    const auto path =
        folder.write("plus.pt", archive(R"({"format": 1, "kind": "tensors", "version": "0.1.0", "model": "Plus"})"));
    const auto predictor = Predictor::load(path);
    EXPECT_THAT(message_of<Error>([&] { predictor.forward({at::Tensor()}); }), HasSubstr("is undefined"));
    for (int call = 0; call < 4; ++call) {
        EXPECT_TRUE(at::equal(predictor.forward({torch::ones({2})}).at(0), torch::full({2}, 2.0)));
    }
    EXPECT_THAT(message_of<Error>([&] { predictor.forward({}); }), HasSubstr("forward takes 1 tensor, but got 0"));
}

/// A tabular file of one linear layer, (n_out, n_in), behind two continuous columns and one category of two values,
/// embedded in `embedded` rows of 3.
std::string linear_archive(int64_t n_out, int64_t n_in, int64_t embedded, nlohmann::json network) {
    TabularEncoder encoder;
    encoder.categories = {{.name = "c", .vocabulary = Vocabulary::fit({"a", "b"})}};
    encoder.numbers = {{.name = "x"}, {.name = "y"}};
    encoder.targets = {{.name = "z"}};
    torch::jit::Module module("Net"), embeds("Embeds"), table("Table"), layers("Layers"), layer("Layer"),
        linear("Linear");
    table.register_parameter("weight", torch::ones({embedded, 3}), false);
    embeds.register_module("0", table);
    linear.register_parameter("weight", torch::ones({n_out, n_in}), false);
    layer.register_module("0", linear);
    layers.register_module("0", layer);
    module.register_module("embeds", embeds);
    module.register_module("layers", layers);
    module.define("def forward(self, x, y):\n    return (x + y).sum(1)\n");
    nlohmann::json settings = {{"n_embeddings", 1}, {"n_cont", 2},    {"n_layers", 1},
                               {"lin_first", true}, {"bounded", {0}}, {"y_range", {0, 1}}};
    settings.update(network);
    const nlohmann::json metadata = {{"format", 1},    {"kind", "tabular"},   {"version", "0.1.0"},
                                     {"model", "Net"}, {"network", settings}, {"preprocessing", to_json(encoder)}};
    std::ostringstream out;
    module.save(out, {{kMetadataName, metadata.dump()}});
    return seal_archive(out.str());
}

TEST(Predictor, refuses_a_file_whose_parameters_do_not_fit_its_columns) {
    TemporaryFolder folder;
    const auto load = [&](int64_t n_out, int64_t n_in, int64_t embedded,
                          nlohmann::json network = nlohmann::json::object()) {
        return Predictor::load(folder.write("net.pt", linear_archive(n_out, n_in, embedded, std::move(network))));
    };
    EXPECT_NEAR(load(1, 5, 3).predict(RawRow{{"c", "a"}, {"x", 0}, {"y", 0.5}}).value, 1 / (1 + std::exp(-3.5)), 1e-6);
    const auto refusal = [&](auto... arguments) { return message_of<Error>([&] { load(arguments...); }); };
    const auto unfit = EndsWith(
        "net.pt cannot be read: the sizes of its parameters do not fit the columns that it describes; export the model "
        "again");
    EXPECT_THAT(refusal(1, 4, 3), unfit);
    EXPECT_THAT(refusal(2, 5, 3), unfit);
    EXPECT_THAT(refusal(1, 5, 2), unfit);
    using Json = nlohmann::json;
    EXPECT_THAT(refusal(1, 5, 3, Json{{"n_cont", 1000000}}), HasSubstr("its 'n_cont' is 1000000"));
    EXPECT_THAT(refusal(1, 5, 3, Json{{"n_layers", 0}}), HasSubstr("its 'n_layers' is 0"));
    EXPECT_THAT(refusal(1, 5, 3, Json{{"n_embeddings", 0}}), unfit);
    EXPECT_THAT(refusal(1, 5, 3, Json{{"bounded", {1}}}), unfit);
    EXPECT_THAT(refusal(1, 5, 3, Json{{"bounded", {-1}}}), unfit);
    EXPECT_THAT(refusal(1, 5, 3, Json{{"n_layers", 7}}), HasSubstr("net.pt cannot be read: "));
}

TEST(Predictor, refuses_a_later_format) {
    TemporaryFolder folder;
    const auto path =
        folder.write("new.pt", archive(R"({"format": 99, "kind": "tensors", "version": "9.0.0", "model": "Plus"})"));
    EXPECT_THAT(load_error(path), EndsWith("new.pt cannot be read: its format is 99, and this version of Embark reads "
                                           "1 at most; update Embark, or export the model with this version"));
}

TEST(Predictor, refuses_what_is_no_whole_file_of_embark) {
    TemporaryFolder folder;
    std::string whole = archive(R"({"format": 1, "kind": "tensors", "version": "0.1.0", "model": "Plus"})");
    EXPECT_THAT(load_error(folder.path() / "none.pt"), HasSubstr("none.pt: there is no such file"));
    EXPECT_THAT(load_error(folder.write("text.pt", "age\n39\n")), HasSubstr("text.pt is not a TorchScript file"));
    EXPECT_THAT(load_error(folder.write("cut.pt", whole.substr(0, whole.size() / 2))),
                HasSubstr("cut.pt is incomplete or damaged"));
    whole[whole.size() / 2] ^= 4;
    EXPECT_THAT(load_error(folder.write("damaged.pt", whole)), HasSubstr("damaged.pt is damaged: the checksum"));
    EXPECT_THAT(load_error(folder.write("odd.pt", archive(R"({"format": 1, "kind": "tensors"})"))),
                HasSubstr("odd.pt cannot be read: "));
    torch::jit::Module other("Other");
    other.define("def forward(self, x):\n    return x\n");
    std::ostringstream out;
    other.save(out);
    EXPECT_THAT(load_error(folder.write("other.pt", out.str())), HasSubstr("was not written by Embark"));
}

}  // namespace predictor_test
}  // namespace embark
