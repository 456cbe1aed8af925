#include <embark/predictor.h>

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/predictor/detail/archive_seal.h>
#include <embark/predictor/detail/export_format.h>

#include "test_files.h"

// What Predictor does with files that a Learner wrote stands in tests/learners, where Learners are; here are those that
// it refuses, and it is linked without the rest of the library.
namespace embark {
namespace {

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

}  // namespace
}  // namespace embark
