#include <embark/core/state_dict.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace state_dict_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

TEST(StateDict, gives_back_exactly_what_was_set_through_a_file) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    StateDict part;
    part.set("name", "a \"quoted\" name\n");
    StateDict state;
    state.set("best", -kInfinity);
    state.set("third", 1.0 / 3);
    state.set("missing", std::nan(""));
    state.set("count", std::numeric_limits<int64_t>::max());
    state.set("yes", true);
    state.set("losses", std::vector<double>{0.1, kInfinity});
    state.set("none", std::vector<double>{});
    state.set("weights", torch::arange(6).reshape({2, 3}));
    state.set("part", part);
    const TemporaryFolder folder;
    save_safetensors(folder.path() / "state", state.content());
    const StateDict read(load_safetensors(folder.path() / "state"));
    EXPECT_EQ(read.get<double>("best"), -kInfinity);
    EXPECT_EQ(read.get<double>("third"), 1.0 / 3);
    EXPECT_TRUE(std::isnan(read.get<double>("missing")));
    EXPECT_EQ(read.get<int64_t>("count"), std::numeric_limits<int64_t>::max());
    EXPECT_TRUE(read.get<bool>("yes"));
    EXPECT_THAT(read.get<std::vector<double>>("losses"), ElementsAre(0.1, kInfinity));
    EXPECT_TRUE(read.get<std::vector<double>>("none").empty());
    EXPECT_TRUE(read.get<at::Tensor>("weights").equal(torch::arange(6).reshape({2, 3})));
    EXPECT_EQ(read.part("part").get<std::string>("name"), "a \"quoted\" name\n");
    EXPECT_THAT(read.parts(), ElementsAre("part"));
}

TEST(StateDict, keeps_text_that_is_not_utf_8_to_the_byte) {
    StateDict part;
    part.set("path", "caf\xE9 \xFF");
    StateDict state;
    state.set("part", part);
    state.set("other", "\xFF");
    state.set("other", "plain");
    const TemporaryFolder folder;
    save_safetensors(folder.path() / "state", state.content());
    const StateDict read(load_safetensors(folder.path() / "state"));
    EXPECT_EQ(read.part("part").get<std::string>("path"), "caf\xE9 \xFF");
    EXPECT_EQ(read.get<std::string>("other"), "plain");
}

TEST(StateDict, says_what_is_missing_or_of_another_kind) {
    StateDict state;
    state.set("count", 3);
    EXPECT_THAT(message_of<Error>([&] { state.get<double>("best"); }), HasSubstr("no 'best'"));
    EXPECT_THAT(message_of<Error>([&] { state.get<double>("count"); }), HasSubstr("'count' is not a number"));
    EXPECT_THAT(message_of<Error>([&] { state.get<std::string>("count"); }), HasSubstr("no text 'count'"));
    EXPECT_THAT(message_of<Error>([&] { state.set("x", at::Tensor()); }), HasSubstr("'x'"));
}

TEST(StateDict, keeps_a_copy_of_a_tensor) {
    const auto tensor = torch::zeros({2});
    StateDict state;
    state.set("x", tensor);
    tensor.fill_(1);
    EXPECT_TRUE(state.get<at::Tensor>("x").equal(torch::zeros({2})));
}

}  // namespace state_dict_test
}  // namespace embark
