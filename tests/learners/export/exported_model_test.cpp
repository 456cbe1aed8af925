#include <embark/learners/export/exported_model.h>

#include <atomic>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/torch.h>

#include <embark/core/file.h>
#include <embark/data/collab/collab.h>
#include <embark/learners/export/export_torchscript.h>
#include <embark/modules/dot_product.h>

#include "test_files.h"

using namespace embark;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

namespace exported_model_test {

namespace fs = std::filesystem;

CollabDataLoaders ratings() {
    return CollabDataLoaders::from_table(
        Table::from_text({{"user", {"1", "1", "2", "2", "3", "3"}},
                          {"title", {"Alien", "Aliens", "Alien", "Brazil", "Aliens", "Brazil"}},
                          {"rating", {"5", "4", "3", "2", "1", "5"}}}),
        {.splitter =
             [](const Table& table) {
                 return Split{torch::arange(table.rows()), torch::arange(table.rows())};
             },
         .batch_size = 4});
}

/// A collab file of three users and three titles.
fs::path collab_file(const TemporaryFolder& folder) {
    const auto dls = ratings();
    torch::manual_seed(1);
    const DotProductBias model(
        DotProductOptions{.n_users = dls.users().size(), .n_items = dls.items().size(), .n_factors = 3});
    export_torchscript(Model(model), dls, folder.path() / "movies.pt");
    return folder.path() / "movies.pt";
}

/// A file of a linear layer without vocabularies.
fs::path tensor_file(const TemporaryFolder& folder) {
    const auto dls = DataLoaders::from_tensors({{torch::randn({20, 3})}, {torch::randn({20, 1})}}, {.batch_size = 4});
    export_torchscript(Model(torch::nn::Linear(3, 2)), dls, folder.path() / "linear.pt");
    return folder.path() / "linear.pt";
}

std::string load_error(const fs::path& path) {
    return message_of<Error>([&] { ExportedModel::load(path); });
}

TEST(ExportedModel, tells_what_a_collab_file_takes_and_gives) {
    TemporaryFolder folder;
    const auto info = ExportedModel::load(collab_file(folder)).info();
    EXPECT_EQ(info.kind, "collab");
    EXPECT_EQ(info.model, "DotProductBias");
    EXPECT_THAT(info.version, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
    EXPECT_THAT(info.inputs, ElementsAre("user", "title"));
    EXPECT_THAT(info.outputs, ElementsAre("rating"));
    EXPECT_THAT(info.vocabulary_sizes, ElementsAre(Pair("title", 4), Pair("user", 4)));
    EXPECT_THAT(info.methods,
                ElementsAre("forward(x: Tensor) -> Tensor", "predict(users: List[str], items: List[str]) -> Tensor",
                            "recommend(user: str, k: int = 10) -> Tuple[List[str], Tensor]",
                            "similar(item: str, k: int = 10) -> Tuple[List[str], Tensor]", "users() -> List[str]",
                            "items() -> List[str]", "knows_user(user: str) -> bool",
                            "encoding_counts(users: List[str], items: List[str]) -> Dict[str, Dict[str, int]]",
                            "schema() -> str"));
    EXPECT_THAT(
        info.parameters,
        ElementsAre(Pair("user_factors.weight", ElementsAre(4, 3)), Pair("user_bias.weight", ElementsAre(4, 1)),
                    Pair("item_factors.weight", ElementsAre(4, 3)), Pair("item_bias.weight", ElementsAre(4, 1))));
}

TEST(ExportedModel, tells_what_a_tensor_file_takes_and_gives) {
    TemporaryFolder folder;
    const auto info = ExportedModel::load(tensor_file(folder)).info();
    EXPECT_EQ(info.kind, "tensors");
    EXPECT_EQ(info.model, "Linear");
    EXPECT_THAT(info.inputs, IsEmpty());
    EXPECT_THAT(info.vocabulary_sizes, IsEmpty());
    EXPECT_THAT(info.methods, ElementsAre("forward(x: Tensor) -> Tensor", "schema() -> str"));
    EXPECT_THAT(info.parameters, ElementsAre(Pair("weight", ElementsAre(2, 3)), Pair("bias", ElementsAre(2))));
}

TEST(ExportedModel, says_what_is_wrong_with_a_path_that_is_no_model) {
    TemporaryFolder folder;
    EXPECT_THAT(load_error(folder.path() / "none.pt"), HasSubstr("none.pt: there is no such file"));
    EXPECT_THAT(load_error(folder.path()), HasSubstr("it is a folder"));
    EXPECT_THAT(load_error(folder.write("empty.pt", "")), HasSubstr("empty.pt is not a TorchScript file"));
    EXPECT_THAT(load_error(folder.write("text.pt", "user,title\n1,Alien\n")),
                HasSubstr("text.pt is not a TorchScript file; a file that export_torchscript wrote is needed"));
}

TEST(ExportedModel, refuses_a_torchscript_file_of_someone_else) {
    TemporaryFolder folder;
    torch::jit::Module module("Other");
    module.define("def forward(self, x):\n    return x + 1\n");
    std::ostringstream out;
    module.save(out);
    EXPECT_THAT(load_error(folder.write("other.pt", out.str())),
                EndsWith("other.pt was not written by Embark; a file that export_torchscript wrote is needed"));
}

TEST(ExportedModel, finds_every_truncation) {
    TemporaryFolder folder;
    const std::string whole = read_file(tensor_file(folder));
    for (size_t size = 0; size < whole.size(); size += size + 300 < whole.size() ? 41 : 1) {
        const std::string message = load_error(folder.write("cut.pt", whole.substr(0, size)));
        ASSERT_THAT(message, HasSubstr(size < 4 ? "is not a TorchScript file" : "is incomplete or damaged")) << size;
    }
}

TEST(ExportedModel, finds_every_flipped_byte) {
    TemporaryFolder folder;
    const std::string whole = read_file(tensor_file(folder));
    for (size_t at = 0; at<whole.size(); at += at> 64 && at + 300 < whole.size() ? 13 : 1) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
        EXPECT_NE(load_error(folder.write("damaged.pt", damaged)), "") << "byte " << at;
    }
}

TEST(ExportedModel, names_the_damage) {
    TemporaryFolder folder;
    std::string content = read_file(tensor_file(folder));
    content[content.size() / 2] ^= 4;
    EXPECT_THAT(load_error(folder.write("damaged.pt", content)),
                AllOf(HasSubstr("damaged.pt is damaged: the checksum"), HasSubstr("copy or export it again")));
}

TEST(ExportedModel, checks_what_it_is_called_with) {
    TemporaryFolder folder;
    const auto model = ExportedModel::load(collab_file(folder));
    EXPECT_EQ(message_of<Error>([&] {
                  model.predict({"1", "2"}, {"Alien"});
              }),
              "predict needs one item for each user, but got 2 users and 1 items");
    EXPECT_EQ(message_of<UsageError>([&] { model.recommend("1", 0); }),
              "Invalid number of results 0: at least 1 is needed");
    EXPECT_EQ(message_of<UsageError>([&] { model.similar("Alien", -2); }),
              "Invalid number of results -2: at least 1 is needed");
    EXPECT_THAT(message_of<Error>([&] { model.similar("Alein"); }),
                AllOf(HasSubstr("movies.pt has no item 'Alein'"), HasSubstr("did you mean 'Alien'")));
    EXPECT_THAT(message_of<Error>([&] { model.similar("#na#"); }), HasSubstr("no item '#na#'"));
    EXPECT_THAT(message_of<Error>([&] { model.forward({}); }), HasSubstr("forward takes 1 tensor, but got 0"));
    EXPECT_THAT(message_of<Error>([&] {
                    model.forward({torch::tensor({{1, 99}})});
                }),
                EndsWith("movies.pt: forward failed: index out of range in self"));
}

TEST(ExportedModel, tells_known_users_from_unknown_ones_and_answers_both_as_a_plain_predictor_does) {
    TemporaryFolder folder;
    const auto path = collab_file(folder);
    const auto model = ExportedModel::load(path);
    const auto predictor = Predictor::load(path);
    EXPECT_TRUE(predictor.knows_user("2"));
    EXPECT_FALSE(predictor.knows_user("nobody"));
    EXPECT_FALSE(predictor.knows_user("#na#"));
    for (const char* user : {"2", "nobody"}) {
        EXPECT_TRUE(at::equal(predictor.predict({user, user}, {"Alien", "No such film"}),
                              model.predict({user, user}, {"Alien", "No such film"})));
        const auto best = predictor.recommend(user, 3), expected = model.recommend(user, 3);
        ASSERT_EQ(best.size(), expected.size());
        EXPECT_EQ(best.front().name, expected.front().name);
    }
    EXPECT_THAT(predictor.recommend("2", 3), ::testing::SizeIs(1));  // the other two are rated
    EXPECT_THAT(message_of<Error>([&] { predictor.predict(RawRow{{"user", "2"}}); }), HasSubstr("its kind is collab"));
}

TEST(ExportedModel, has_only_forward_without_vocabularies) {
    TemporaryFolder folder;
    const auto model = ExportedModel::load(tensor_file(folder));
    EXPECT_EQ(model.forward({torch::ones({7, 3})}).at(0).sizes(), at::IntArrayRef({7, 2}));
    for (const auto& message :
         {message_of<Error>([&] { model.predict({"1"}, {"Alien"}); }), message_of<Error>([&] { model.recommend("1"); }),
          message_of<Error>([&] { model.similar("Alien"); })}) {
        EXPECT_THAT(message, HasSubstr("its kind is tensors, and its methods are forward("));
    }
    EXPECT_THAT(message_of<Error>([&] { model.forward({torch::ones({7, 2})}); }), HasSubstr("forward expects x of shape (n, 3), got (7, 2)"));
}

TEST(ExportedModel, answers_several_threads_without_gradients) {
    TemporaryFolder folder;
    const auto model = ExportedModel::load(collab_file(folder));
    const auto expected = model.recommend("nobody", 3);
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int repeat = 0; repeat < 25; ++repeat) {
                const auto result = model.recommend("nobody", 3);
                const bool same =
                    result.size() == 3 && result[0].name == expected[0].name && result[2].score == expected[2].score;
                right += same && !model.predict({"1"}, {"Alien"}).requires_grad();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(right, 100);
}

}  // namespace exported_model_test
