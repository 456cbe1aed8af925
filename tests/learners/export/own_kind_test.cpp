// Files of a kind of data that a program has of its own, written by its Preprocessing and read back.
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/learners/export/export_torchscript.h>
#include <embark/learners/insight/ensemble.h>
#include <embark/predictor.h>

#include "test_files.h"

using namespace embark;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace own_kind_test {

/// Colours by name, each a number; what it adds to a file is given to it.
struct Colours : Preprocessing {
    using Export = std::function<void(ExportContext&)>;
    explicit Colours(Export to = {}, std::string all = {}) : write(std::move(to)), text(std::move(all)) {}

    Table decode(const Batch& batch) const override { return Table::of_rows(batch.size()); }
    void export_to(ExportContext& file) const override {
        if (write) write(file);
    }
    std::string fitted() const override { return text; }

    Export write;
    std::string text;
};

DataLoaders colours(Colours::Export write = {}, const std::string& fitted = {}) {
    torch::manual_seed(2);
    const TensorDataset rows = {.inputs = {torch::randn({20, 3})}, .targets = {torch::randn({20, 1})}};
    return DataLoaders(DataLoader(rows), DataLoader(rows), std::make_shared<Colours>(std::move(write), fitted));
}

constexpr const char* kPredict = R"(
def encode(self, names: List[str]) -> Tensor:
    rows: List[List[float]] = []
    for name in names:
        rows.append(self.values[name])
    return torch.tensor(rows)

def predict(self, names: List[str]) -> Tensor:
    return self.forward(self.encode(names)).reshape(-1)
)";

void write_colours(ExportContext& file) {
    c10::Dict<std::string, c10::List<double>> values;
    values.insert("red", c10::List<double>({1, 0, 0}));
    values.insert("white", c10::List<double>({1, 1, 1}));
    file.attribute("values", values);
    file.define(kPredict);
    file.describe({.kind = "colours",
                   .inputs = {"colour"},
                   .outputs = {"warmth"},
                   .vocabulary_sizes = {{"colour", 2}},
                   .preprocessing = R"({"names": ["red", "white"]})"});
}

/// Answers rows with a column `colour`.
struct ColourFile : FileKind {
    using FileKind::FileKind;
    bool predicts_rows() const override { return true; }
    std::vector<TargetPredictions> predict_columns(const RawColumns& columns, EncodingCounts*) const override {
        c10::List<std::string> names;
        for (const RawValue& value : columns.at("colour")) names.push_back(value.text());
        return {{.target = "warmth", .values = file().call("predict", {names}).toTensor().to(at::kDouble)}};
    }
};

std::filesystem::path exported(const TemporaryFolder& folder, const Colours::Export& write) {
    export_torchscript(Model(torch::nn::Linear(3, 1)), colours(write), folder.path() / "c.pt");
    return folder.path() / "c.pt";
}

/// What is said where the kind of data writes so.
std::string refusal(const Colours::Export& write) {
    TemporaryFolder folder;
    const std::string message = message_of<Error>([&] { exported(folder, write); });
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "c.pt"));
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
}

TEST(OwnKind, a_file_of_a_kind_that_nobody_registered_answers_by_forward_and_by_its_methods) {
    TemporaryFolder folder;
    torch::nn::Linear model(3, 1);
    export_torchscript(Model(model), colours(write_colours), folder.path() / "c.pt");
    const auto file = Predictor::load(folder.path() / "c.pt");
    EXPECT_EQ(file.info().kind, "colours");
    EXPECT_THAT(file.info().inputs, ElementsAre("colour"));
    EXPECT_EQ(file.info().vocabulary_sizes.at("colour"), 2);
    EXPECT_THAT(file.info().methods, ::testing::Contains("predict(names: List[str]) -> Tensor"));
    EXPECT_THAT(file.info().description, AllOf(HasSubstr("\"preprocessing\""), HasSubstr("\"white\"")));

    const torch::NoGradGuard no_grad;
    const at::Tensor expected = model->forward(torch::tensor({{1.0f, 0.0f, 0.0f}, {1.0f, 1.0f, 1.0f}})).reshape(-1);
    const c10::List<std::string> names({"red", "white"});
    EXPECT_TRUE(at::allclose(file.call("predict", {names}).toTensor(), expected));
    EXPECT_TRUE(at::allclose(file.forward({torch::eye(3).slice(0, 0, 1)}).at(0).reshape(-1), expected.slice(0, 0, 1)));
    EXPECT_EQ(file.file().attribute("values").toGenericDict().size(), 2u);

    EXPECT_FALSE(file.predicts_rows());
    EXPECT_THAT(message_of<Error>([&] {
                    file.predict(RawRow{{"colour", "red"}});
                }),
                AllOf(HasSubstr("c.pt predicts no rows of a table: its kind is colours"), HasSubstr("predict(names")));
    EXPECT_THAT(message_of<Error>([&] { file.recommend("1"); }), HasSubstr("has no method recommend: its kind is"));
    EXPECT_THAT(message_of<Error>([&] { file.call("predcit", {names}); }),
                AllOf(HasSubstr("has no method predcit"), HasSubstr("predict(names")));
    EXPECT_THAT(message_of<Error>([&] { file.call("predict", {c10::List<std::string>({"green"})}); }),
                HasSubstr("c.pt: predict failed: "));
    EXPECT_THAT(message_of<Error>([&] { file.file().attribute("none"); }), HasSubstr("has no attribute 'none'"));
}

TEST(OwnKind, a_registered_kind_answers_rows_as_tables_do) {
    TemporaryFolder folder;
    const auto path = exported(folder, [](ExportContext& file) {
        write_colours(file);
        file.describe({.kind = "registered colours"});
    });
    register_file_kind("registered colours", [](ExportedFile file) { return std::make_shared<ColourFile>(file); });
    const auto file = Predictor::load(path);
    EXPECT_TRUE(file.predicts_rows());
    const auto many = file.predict_columns({{"colour", {"red", "white"}}});
    EXPECT_EQ(many.front().values.numel(), 2);
    const Prediction one = file.predict(RawRow{{"colour", "white"}});
    EXPECT_EQ(one.target, "warmth");
    EXPECT_NEAR(one.value, many.front().values[1].item<double>(), 1e-6);

    const auto make = [](ExportedFile file) { return std::make_shared<ColourFile>(file); };
    for (const std::string kind : {"registered colours", "tabular", "collab"}) {
        EXPECT_THAT(message_of<UsageError>([&] { register_file_kind(kind, make); }),
                    HasSubstr("The file kind '" + kind + "' is registered already"));
    }
    EXPECT_THAT(message_of<UsageError>([] { register_file_kind("nothing", {}); }), HasSubstr("without a function"));
    register_file_kind("colours of nobody", [](ExportedFile) { return std::shared_ptr<const FileKind>(); });
    const auto other = exported(folder, [](ExportContext& file) { file.describe({.kind = "colours of nobody"}); });
    EXPECT_THAT(message_of<Error>([&] { Predictor::load(other); }), HasSubstr("'colours of nobody' makes nothing"));
}

TEST(OwnKind, a_kind_that_adds_nothing_gives_a_file_of_tensors) {
    TemporaryFolder folder;
    const auto file = Predictor::load(exported(folder, {}));
    EXPECT_EQ(file.info().kind, "tensors");
    EXPECT_EQ(file.forward({torch::zeros({2, 3})}).at(0).size(0), 2);
}

TEST(OwnKind, says_what_the_model_and_the_file_are_asked_for) {
    TemporaryFolder folder;
    export_torchscript(Model(torch::nn::Linear(3, 1)), colours([](ExportContext& file) {
                           EXPECT_EQ(file.example().at(0).size(1), 3);
                           EXPECT_EQ(file.forward({torch::zeros({4, 3})}).at(0).size(0), 4);
                           EXPECT_EQ(file.parameters().front().first, "weight");
                           EXPECT_FALSE(file.options().include_rated);
                       }),
                       folder.path() / "c.pt", {.include_rated = false});
}

TEST(OwnKind, writes_no_file_with_what_cannot_be_read_back) {
    const auto attribute = [](const std::string& name, const c10::IValue& value) {
        return refusal([=](ExportContext& file) { file.attribute(name, value); });
    };
    EXPECT_THAT(attribute("weight", 1), HasSubstr("it has a tensor or submodule called 'weight'"));
    EXPECT_THAT(attribute("forward", 1), HasSubstr("has 'forward' already"));
    for (const std::string name : {"", "a b", "None", "7th", "größe", "a.b"}) {
        EXPECT_THAT(attribute(name, 1), HasSubstr("Invalid attribute '" + name + "'"));
    }
    EXPECT_THAT(attribute("nothing", c10::IValue()), HasSubstr("The attribute 'nothing' of an exported file is a"));
    EXPECT_THAT(attribute("device", at::Device("cpu")), HasSubstr("it can hold numbers, texts, tensors"));
    EXPECT_THAT(refusal([](ExportContext& file) {
                    file.attribute("twice", 1);
                    file.attribute("twice", 2);
                }),
                HasSubstr("has 'twice' already"));

    const auto define = [](const std::string& source) {
        return refusal([=](ExportContext& file) { file.define(source); });
    };
    EXPECT_THAT(define(""), HasSubstr("defines no method"));
    EXPECT_THAT(define("lambda x: x"), HasSubstr("defines no method"));
    EXPECT_THAT(define("def bias(self):\n    return 1\n"), HasSubstr("called 'bias'"));
    EXPECT_THAT(define("def forward(self):\n    return 1\n"), HasSubstr("has 'forward' already"));
    EXPECT_THAT(define("def one(self):\n    return 1\n\ndef two(self):\n    return unknown_name\n"),
                AllOf(HasSubstr("The TorchScript of one, two cannot be compiled: "), HasSubstr("unknown_name"),
                      HasSubstr("in line 5")));
    EXPECT_THAT(define("def one(self:\n"), HasSubstr("The TorchScript of one cannot be compiled: "));

    EXPECT_THAT(refusal([](ExportContext& file) { file.describe({}); }), HasSubstr("needs the name of its kind"));
    EXPECT_THAT(refusal([](ExportContext& file) { file.describe({.kind = "x", .preprocessing = "{1"}); }),
                HasSubstr("of kind 'x' is not JSON: {1"));
}

TEST(OwnKind, learners_of_it_form_an_ensemble_where_their_data_are_the_same) {
    const auto learner = [](const DataLoaders& dls) {
        return Learner(dls, torch::nn::Linear(3, 1), {.loss = mse_loss_flat(), .progress = false});
    };
    const auto together = [&](const DataLoaders& one, const DataLoaders& other) {
        auto first = learner(one), second = learner(other);
        TemporaryFolder folder;
        auto both = ensemble({&first, &second});
        both.export_torchscript(folder.path() / "both.pt");
        return Predictor::load(folder.path() / "both.pt").info();
    };
    const auto dls = colours(write_colours);
    const auto info = together(dls, dls);
    EXPECT_EQ(info.model, "Ensemble");
    EXPECT_EQ(info.kind, "colours");
    EXPECT_NO_THROW(together(colours({}, R"({"names": ["red"]})"), colours({}, R"({"names": ["red"]})")));

    const auto refused = [&](const std::string& one, const std::string& other) {
        return message_of<Error>([&] { together(colours({}, one), colours({}, other)); });
    };
    EXPECT_THAT(refused("", ""), HasSubstr("they were fitted each by itself"));
    EXPECT_THAT(refused("{", "{"), HasSubstr("they were fitted each by itself"));
    EXPECT_THAT(refused(R"({"names": ["red"]})", R"({"names": ["white"]})"), HasSubstr("their names differ"));
    EXPECT_THAT(refused(R"({"names": ["red"]})", R"({"words": ["red"]})"), HasSubstr("they are of different kinds"));
    EXPECT_THAT(refused(R"({"names": 1})", R"({"names": 1, "words": 2})"), HasSubstr("they are of different kinds"));
}

}  // namespace own_kind_test
