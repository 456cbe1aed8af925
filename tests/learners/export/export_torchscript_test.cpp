#include <embark/learners/export/export_torchscript.h>

#include <algorithm>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <embark/learners/collab_learner.h>
#include <embark/learners/export/exported_model.h>
#include <embark/modules/dot_product.h>
#include <embark/modules/image_encoder.h>
#include <embark/modules/multi_input_model.h>
#include <embark/modules/tabular_model.h>
#include <embark/modules/text_encoder.h>

#include "python.h"
#include "test_files.h"

using namespace embark;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace export_torchscript_test {

namespace fs = std::filesystem;
namespace nn = torch::nn;

const std::vector<std::string> kTitles = {
    "Amélie (2001)", "七人の侍", "Kolya (1996)", "\"Quoted\", and so on", "It's", "Алиса", "7", "007", "100% 🎬"};

/// Ratings of `n_users` users, each of about half the titles.
CollabDataLoaders ratings(int n_users = 12) {
    std::vector<std::string> users, titles, values;
    for (int user = 0; user < n_users; ++user) {
        for (size_t title = 0; title < kTitles.size(); ++title) {
            if ((user * 5 + title * 3) % 7 >= 4 && user > 0) continue;
            users.push_back(std::to_string(user));
            titles.push_back(kTitles[title]);
            values.push_back(std::to_string((user + 2 * title) % 5 + 1));
        }
    }
    const auto all_rows = [](const Table& table) {
        return Split{torch::arange(table.rows()), torch::arange(table.rows())};
    };
    return CollabDataLoaders::from_table(Table::from_text({{"user", users}, {"title", titles}, {"rating", values}}),
                                         {.splitter = all_rows, .batch_size = 8, .seed = 3});
}

/// A model of a user's own for collab data, with layers that behave otherwise in training.
struct RatingNetImpl : nn::Module {
    RatingNetImpl(int64_t n_users, int64_t n_items, int64_t n_factors)
        : users(register_module("users", nn::Embedding(n_users, n_factors))),
          items(register_module("items", nn::Embedding(n_items, n_factors))),
          layers(register_module("layers", nn::Sequential(nn::Linear(2 * n_factors, 6), nn::BatchNorm1d(6), nn::ReLU(),
                                                          nn::Dropout(0.5), nn::Linear(6, 1)))) {}
    at::Tensor forward(const at::Tensor& x) {
        return layers->forward(torch::cat({users(x.select(1, 0)), items(x.select(1, 1))}, 1));
    }
    nn::Embedding users, items;
    nn::Sequential layers;
};
TORCH_MODULE(RatingNet);

/// Several inputs, several outputs.
struct TwoHeadsImpl : nn::Module {
    TwoHeadsImpl()
        : body(register_module("body", nn::Sequential(nn::Linear(4, 6), nn::BatchNorm1d(6), nn::Dropout(0.3)))),
          heads(register_module("heads", nn::ModuleList(nn::Linear(6, 1), nn::Linear(6, 3)))) {}
    std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& numbers, const at::Tensor& flags) {
        const auto h = body->forward(torch::cat({numbers, flags.to(at::kFloat).unsqueeze(1)}, 1));
        return {heads[0]->as<nn::Linear>()->forward(h), heads[1]->as<nn::Linear>()->forward(h)};
    }
    nn::Sequential body;
    nn::ModuleList heads;
};
TORCH_MODULE(TwoHeads);

DataLoaders numbers_and_flags() {
    torch::manual_seed(5);
    return DataLoaders::from_tensors(
        {{torch::randn({40, 3}), torch::randint(2, {40}, at::kLong)}, {torch::randn({40, 1})}}, {.batch_size = 8});
}

/// Values that an untrained module has not: spread factors, moved statistics.
void stir(nn::Module& module) {
    torch::NoGradGuard no_grad;
    torch::manual_seed(11);
    for (auto& parameter : module.parameters()) parameter.normal_(0, 0.7);
    for (auto& buffer : module.buffers()) {
        if (buffer.is_floating_point()) buffer.uniform_(0.5, 1.5);
    }
}

CollabLearner stirred_learner(const CollabDataLoaders& dls) {
    CollabLearner learn = collab_learner(dls, {.n_factors = 4, .y_range = {0, 5.5}}, {.progress = false});
    stir(learn.model().module());
    return learn;
}

json to_json(const at::Tensor& value) {
    const at::Tensor flat = value.detach().to(at::kDouble).reshape(-1).contiguous();
    const std::vector<double> numbers(flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel());
    const bool is_integer = value.scalar_type() == at::kLong;
    return {{"dtype", is_integer ? "int64" : "float32"},
            {"shape", value.sizes().vec()},
            {"data", is_integer ? json(std::vector<int64_t>(numbers.begin(), numbers.end())) : json(numbers)}};
}

/// What `model` answers in eval mode at batch sizes that no trace had.
json expected_of(const Model& model, const Tensors& data) {
    json expected = {{"parameters", json::array()}, {"buffers", json::array()}, {"forward", json::array()}};
    for (const auto& p : model.module().named_parameters()) expected["parameters"].push_back(p.key());
    for (const auto& b : model.module().named_buffers()) expected["buffers"].push_back(b.key());
    model.module().eval();
    const torch::NoGradGuard no_grad;
    for (const int64_t rows : {1, 2, 7, 23}) {
        json inputs = json::array(), outputs = json::array();
        Tensors batch;
        for (const auto& input : data) batch.push_back(input.slice(0, 0, rows));
        for (const auto& input : batch) inputs.push_back(to_json(input));
        for (const auto& output : model(batch)) outputs.push_back(to_json(output));
        expected["forward"].push_back({{"inputs", inputs}, {"outputs", outputs}});
    }
    return expected;
}

json ranking(const std::string& name, int64_t k, const std::vector<Scored>& scored) {
    json result = {{"name", name}, {"k", k}, {"names", json::array()}, {"scores", json::array()}};
    for (const Scored& entry : scored) {
        result["names"].push_back(entry.name);
        result["scores"].push_back(entry.score);
    }
    return result;
}

/// What the learner answers to raw values, known and unknown.
void add_answers(json& expected, CollabLearner& learn) {
    const auto predict = [&](const std::vector<std::string>& users, const std::vector<std::string>& items) {
        expected["predict"].push_back(
            {{"users", users}, {"items", items}, {"ratings", to_json(learn.predict(users, items))}});
    };
    predict({"3"}, {"七人の侍"});
    predict({"1", "nobody", "2"}, {"Kolya (1996)", "It's", "no such title"});
    predict({"#na#"}, {"#na#"});
    predict({}, {});
    for (const std::string user : {"0", "3", "7", "nobody"}) {
        for (const int64_t k : {1, 3, 100}) {
            expected["recommend"].push_back(ranking(user, k, learn.recommend(user, k)));
        }
    }
    for (const std::string& title : kTitles) {
        expected["similar"].push_back(ranking(title, 4, learn.similar_items(title, 4)));
    }
}

/// Has Python check the file; gives what it printed.
std::string check_in_python(const fs::path& file, const json& expected, const TemporaryFolder& folder) {
    return embark::testing::run_python("learners/export/check_export.py",
                                       {file, folder.write("expected.json", expected.dump())});
}

void expect_ranking(const std::vector<Scored>& result, const std::vector<Scored>& expected) {
    ASSERT_EQ(result.size(), expected.size());
    for (size_t i = 0; i < result.size(); ++i) {
        EXPECT_EQ(result[i].name, expected[i].name) << "place " << i;
        EXPECT_NEAR(result[i].score, expected[i].score, 1e-6) << "place " << i;
    }
}

std::vector<std::string> names_of(const std::vector<Scored>& scored) {
    std::vector<std::string> names;
    for (const auto& entry : scored) names.push_back(entry.name);
    return names;
}

TEST(ExportTorchscript, collab_file_answers_in_python_as_the_learner_does) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    TemporaryFolder folder;
    const auto dls = ratings();
    CollabLearner learn = stirred_learner(dls);
    json expected = expected_of(learn.model(), dls.train().data().inputs);
    add_answers(expected, learn);
    learn.model().module().train();
    export_torchscript(learn.model(), dls, folder.path() / "movies.pt");
    EXPECT_EQ(check_in_python(folder.path() / "movies.pt", expected, folder), "ok\n");
}

TEST(ExportTorchscript, python_finds_a_wrong_number) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    TemporaryFolder folder;
    const auto dls = ratings();
    CollabLearner learn = stirred_learner(dls);
    json expected = expected_of(learn.model(), dls.train().data().inputs);
    add_answers(expected, learn);
    expected["similar"][2]["scores"][1] = expected["similar"][2]["scores"][1].get<double>() + 1e-4;
    export_torchscript(learn.model(), dls, folder.path() / "movies.pt");
    EXPECT_THAT(check_in_python(folder.path() / "movies.pt", expected, folder),
                HasSubstr("similar to Kolya (1996) is"));
}

TEST(ExportTorchscript, tensor_file_answers_in_python_as_the_module_does) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    TemporaryFolder folder;
    const auto dls = numbers_and_flags();
    TwoHeads module;
    stir(*module);
    const Model model(module);
    const json expected = expected_of(model, dls.train().data().inputs);
    module->train();
    export_torchscript(model, dls, folder.path() / "model.pt");
    EXPECT_TRUE(module->is_training());
    EXPECT_EQ(check_in_python(folder.path() / "model.pt", expected, folder), "ok\n");
}

TEST(ExportTorchscript, fused_file_answers_in_python_as_the_module_does) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    TemporaryFolder folder;
    const Tensors inputs = {torch::randint(9, {40, 6}, at::kLong), torch::randn({40, 1, 8, 8}), torch::randn({40, 5})};
    const auto dls = DataLoaders::from_tensors({inputs, {torch::randn({40, 1})}}, {.batch_size = 8});
    for (const auto recurrence : {Recurrence::gru, Recurrence::lstm}) {
        TextEncoder text(TextEncoderOptions{.n_tokens = 9, .hidden_size = 3, .recurrence = recurrence});
        MultiInputModel module({{"text", text, {0}},
                                {"image", ImageEncoder(ImageEncoderOptions{.channels = 1, .layers = {4}}), {1}},
                                {"table", nn::Sequential(nn::Linear(5, 4), nn::BatchNorm1d(4), nn::ReLU()), {2}, 4}},
                               {.n_out = 2, .layers = {6}, .ps = 0.2});
        stir(*module);
        const Model model(module);
        const json expected = expected_of(model, dls.train().data().inputs);
        module->train();
        export_torchscript(model, dls, folder.path() / "model.pt");
        EXPECT_EQ(check_in_python(folder.path() / "model.pt", expected, folder), "ok\n");
    }
}

TEST(ExportTorchscript, collab_file_answers_in_cpp_as_the_learner_does) {
    TemporaryFolder folder;
    const auto dls = ratings();
    CollabLearner learn = stirred_learner(dls);
    export_torchscript(learn.model(), dls, folder.path() / "movies.pt");
    const auto model = ExportedModel::load(folder.path() / "movies.pt");

    const std::vector<std::string> users = {"3", "nobody", "11"}, titles = {"It's", "七人の侍", "no such title"};
    EXPECT_TRUE(torch::allclose(model.predict(users, titles), learn.predict(users, titles), 1e-6, 1e-6));
    EXPECT_EQ(model.predict({}, {}).sizes(), at::IntArrayRef({0}));
    EXPECT_EQ(model.predict({}, {}).scalar_type(), at::kFloat);
    for (const std::string user : {"0", "5", "nobody"})
        expect_ranking(model.recommend(user, 5), learn.recommend(user, 5));
    for (const auto& title : kTitles) expect_ranking(model.similar(title, 5), learn.similar_items(title, 5));
}

TEST(ExportTorchscript, a_network_of_users_and_items_answers_as_the_learner_does) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    TemporaryFolder folder;
    const auto dls = ratings(static_cast<int>(kTitles.size()));  // as many users as items
    CollabLearner learn =
        collab_learner(dls, {.y_range = {0, 5.5}, .use_nn = true, .layers = {6, 5}}, {.progress = false});
    stir(learn.model().module());
    json expected = expected_of(learn.model(), dls.train().data().inputs);
    add_answers(expected, learn);
    learn.export_torchscript(folder.path() / "net.pt");
    EXPECT_EQ(check_in_python(folder.path() / "net.pt", expected, folder), "ok\n");

    const auto model = ExportedModel::load(folder.path() / "net.pt");
    EXPECT_EQ(model.info().model, "EmbeddingNN");
    expect_ranking(model.recommend("5", 5), learn.recommend("5", 5));
    for (const auto& title : kTitles) expect_ranking(model.similar(title, 5), learn.similar_items(title, 5));
}

TEST(ExportTorchscript, a_tabular_ensemble_answers_in_python_as_the_module_does) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    TemporaryFolder folder;
    torch::manual_seed(6);
    const auto dls = DataLoaders::from_tensors(
        {{torch::randint(6, {40, 2}, at::kLong), torch::randn({40, 3})}, {torch::randn({40, 1})}}, {.batch_size = 8});
    TabularModel module(TabularModelOptions{.embeddings = {{6, 3}, {7, 4}},
                                            .n_cont = 3,
                                            .outputs = {{.size = 1}, {.size = 3, .classes = true}},
                                            .layers = {6},
                                            .numbers = {.kind = NumberEmbeddingKind::periodic},
                                            .members = 4});
    stir(*module);
    const Model model(module);
    const json expected = expected_of(model, dls.train().data().inputs);
    export_torchscript(model, dls, folder.path() / "model.pt");
    EXPECT_EQ(check_in_python(folder.path() / "model.pt", expected, folder), "ok\n");
}

TEST(ExportTorchscript, a_users_own_module_gets_the_methods_and_keeps_its_mode) {
    TemporaryFolder folder;
    const auto dls = ratings();
    RatingNet module(dls.users().size(), dls.items().size(), 4);
    stir(*module);
    CollabLearner learn(dls, Model(module), {.progress = false});
    module->train();
    learn.export_torchscript(folder.path() / "net.pt");
    EXPECT_TRUE(module->is_training());
    EXPECT_TRUE(module->layers[3]->is_training());

    const auto model = ExportedModel::load(folder.path() / "net.pt");
    EXPECT_EQ(model.info().model, "RatingNet");
    const std::vector<std::string> users = {"3", "x"}, titles = {"7", "007"};
    EXPECT_TRUE(torch::allclose(model.predict(users, titles), learn.predict(users, titles), 1e-6, 1e-6));
    expect_ranking(model.recommend("5", 3), learn.recommend("5", 3));
    EXPECT_EQ(model.similar("7", 3).size(), 3u);  // by `items.weight`, the one parameter with a row for each item
}

TEST(ExportTorchscript, leaves_out_what_the_user_rated_unless_asked_not_to) {
    TemporaryFolder folder;
    const auto dls = ratings();
    const CollabLearner learn = stirred_learner(dls);
    const auto rated_file = folder.path() / "rated.pt", free_file = folder.path() / "free.pt";
    export_torchscript(learn.model(), dls, rated_file);
    export_torchscript(learn.model(), dls, free_file, {.include_rated = false});

    const auto rated = ExportedModel::load(rated_file), free = ExportedModel::load(free_file);
    EXPECT_THAT(rated.recommend("0", 100), IsEmpty());  // user 0 rated every title
    EXPECT_EQ(rated.recommend("nobody", 100).size(), kTitles.size());
    EXPECT_EQ(free.recommend("0", 100).size(), kTitles.size());
    for (const Scored& entry : rated.recommend("1", 100)) {
        const int title = std::find(kTitles.begin(), kTitles.end(), entry.name) - kTitles.begin();
        EXPECT_GE((5 + title * 3) % 7, 4) << entry.name << " was rated by user 1";
    }
}

TEST(ExportTorchscript, keeps_items_with_equal_scores_in_the_order_of_the_vocabulary) {
    TemporaryFolder folder;
    const auto dls = ratings();
    const CollabLearner learn = stirred_learner(dls);
    {
        const torch::NoGradGuard no_grad;
        for (auto& parameter : learn.model().module().parameters()) parameter.zero_();
    }
    export_torchscript(learn.model(), dls, folder.path() / "even.pt");
    const auto model = ExportedModel::load(folder.path() / "even.pt");
    const auto& names = dls.items().names();
    EXPECT_EQ(names_of(model.recommend("nobody", 100)), std::vector<std::string>(names.begin() + 1, names.end()));
    // Factors that are all zero point nowhere, and are similar to nothing.
    for (const Scored& entry : model.similar("7", 100)) EXPECT_EQ(entry.score, 0) << entry.name;
    EXPECT_EQ(model.similar("7", 100).size(), kTitles.size() - 1);
}

TEST(ExportTorchscript, finds_the_item_factors_or_leaves_similar_out) {
    TemporaryFolder folder;
    const auto file = folder.path() / "net.pt";
    const auto dls = ratings(static_cast<int>(kTitles.size()));  // as many users as items
    ASSERT_EQ(dls.users().size(), dls.items().size());
    RatingNet module(dls.users().size(), dls.items().size(), 4);

    export_torchscript(Model(module), dls, file);
    EXPECT_THAT(message_of<Error>([&] { ExportedModel::load(file).similar("7", 3); }),
                AllOf(HasSubstr("has no method similar"), HasSubstr("ExportOptions::item_factors")));
    export_torchscript(Model(module), dls, file, {.item_factors = "items.weight"});
    EXPECT_EQ(ExportedModel::load(file).similar("7", 3).size(), 3u);
    export_torchscript(stirred_learner(dls).model(), dls, file);
    EXPECT_EQ(ExportedModel::load(file).similar("7", 3).size(), 3u);
}

TEST(ExportTorchscript, names_the_candidates_where_the_item_factors_are_misnamed) {
    TemporaryFolder folder;
    const auto dls = ratings();
    RatingNet module(dls.users().size(), dls.items().size(), 4);
    const auto message_for = [&](const std::string& name) {
        return message_of<Error>(
            [&] { export_torchscript(Model(module), dls, folder.path() / "net.pt", {.item_factors = name}); });
    };
    EXPECT_THAT(
        message_for("item.weight"),
        AllOf(HasSubstr("no 2-d parameter 'item.weight' with a row for each of the 10"), HasSubstr("items.weight")));
    EXPECT_THAT(message_for("users.weight"), HasSubstr("items.weight"));
    EXPECT_FALSE(fs::exists(folder.path() / "net.pt"));
}

TEST(ExportTorchscript, gives_only_forward_where_a_module_gives_no_number_a_row) {
    struct ClassNetImpl : nn::Module {
        ClassNetImpl() : users(register_module("users", nn::Embedding(20, 5))) {}
        at::Tensor forward(const at::Tensor& x) { return users(x.select(1, 0)); }
        nn::Embedding users;
    };
    TemporaryFolder folder;
    const auto dls = ratings();
    export_torchscript(Model(std::make_shared<ClassNetImpl>()), dls, folder.path() / "classes.pt");
    const auto model = ExportedModel::load(folder.path() / "classes.pt");
    EXPECT_EQ(model.info().kind, "tensors");
    EXPECT_THAT(model.info().methods, ElementsAre("forward(x: Tensor) -> Tensor", "schema() -> str"));
}

TEST(ExportTorchscript, writes_nothing_where_the_module_cannot_be_exported) {
    struct FixedNetImpl : nn::Module {
        FixedNetImpl() : users(register_module("users", nn::Embedding(20, 1))) {}
        at::Tensor forward(const at::Tensor& x) { return users(x.select(1, 0)) * x.sum().item<double>(); }
        nn::Embedding users;
    };
    TemporaryFolder folder;
    const auto file = folder.write("old.pt", "what was there");
    EXPECT_THAT(
        message_of<Error>([&] { export_torchscript(Model(std::make_shared<FixedNetImpl>()), ratings(), file); }),
        HasSubstr("FixedNet cannot be exported: aten::item takes a number out of a tensor"));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
    EXPECT_EQ(fs::file_size(file), 14u);
}

TEST(ExportTorchscript, refuses_names_that_its_methods_need) {
    struct NamedNetImpl : nn::Module {
        explicit NamedNetImpl(const std::string& name) : users(register_module(name, nn::Embedding(20, 1))) {}
        at::Tensor forward(const at::Tensor& x) { return users(x.select(1, 0)); }
        nn::Embedding users;
    };
    TemporaryFolder folder;
    for (const std::string name : {"predict", "recommend", "similar", "_embark_users"}) {
        EXPECT_THAT(message_of<Error>([&] {
                        export_torchscript(Model(std::make_shared<NamedNetImpl>(name)), ratings(),
                                           folder.path() / "n.pt");
                    }),
                    HasSubstr("a tensor or submodule called '" + name + "'"));
    }
    EXPECT_FALSE(fs::exists(folder.path() / "n.pt"));
}

TEST(ExportTorchscript, says_where_it_cannot_write) {
    TemporaryFolder folder;
    const auto dls = ratings();
    const CollabLearner learn = stirred_learner(dls);
    EXPECT_THAT(message_of<Error>([&] { export_torchscript(learn.model(), dls, folder.path()); }), HasSubstr("folder"));
    EXPECT_THAT(message_of<Error>([&] { export_torchscript(learn.model(), dls, folder.path() / "no" / "m.pt"); }),
                HasSubstr("there is no folder"));
}

}  // namespace export_torchscript_test
