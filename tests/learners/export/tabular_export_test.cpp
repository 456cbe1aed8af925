#include <embark/data/csv/csv.h>
#include <embark/learners/export/exported_model.h>
#include <embark/learners/tabular_learner.h>
#include <embark/predictor.h>

#include <atomic>
#include <cmath>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/torch.h>

#include "../made_table.h"
#include "baselines.h"
#include "python.h"
#include "test_files.h"

using namespace embark;
using embark::testing::largest_difference;
using embark::testing::make_table;
using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

namespace tabular_export_test {

struct Case {
    std::string name;
    std::vector<std::string> targets;
    Scaling scaling = Scaling::standard;
    bool log = false;
    TabularLearnerOptions config = {.layers = {16, 8}};
    std::vector<RotatedColumns> rotated = {};
    std::optional<NeighbourOptions> neighbours = {};
};

const Case kBest = {"best",
                    {"let", "price", "grade"},
                    Scaling::quantile,
                    true,
                    {.layers = {16},
                     .use_bn = false,
                     .numbers = {.kind = NumberEmbeddingKind::periodic},
                     .max_values = 10,
                     .members = 4}};

TabularLearner trained(const Case& given) {
    TabularOptions options{.y_names = given.targets,
                           .cat_names = {"city", "rooms"},
                           .cont_names = {"size", "age", "income"},
                           .scale_targets = given.log,
                           .scaling = given.scaling,
                           .rotated = given.rotated,
                           .neighbours = given.neighbours,
                           .batch_size = 32};
    if (given.log) options.y_log = {"price"};
    set_seed(1);
    auto learn =
        tabular_learner(TabularDataLoaders::from_table(make_table(), options), given.config, {.progress = false});
    learn.fit_one_cycle(1, 1e-2);
    return learn;
}

/// Unknown and missing values everywhere, also where training had none missing.
Table hard_rows(int64_t rows) {
    const Table table = make_table({.rows = rows, .seed = 99, .missing = 0.15, .unknown = 0.15});
    std::vector<std::string> size = table.text("size");
    for (size_t row = 0; row < size.size(); row += 7) size[row] = row % 2 == 0 ? "" : "-1e6";
    return table.with_column("size", size);
}

using StringColumns = c10::Dict<std::string, c10::List<std::string>>;
using NumberColumns = c10::Dict<std::string, c10::List<double>>;

torch::jit::IValue script_predict(torch::jit::Module& module, const Table& table) {
    StringColumns categories;
    NumberColumns numbers;
    for (const char* name : {"city", "rooms"}) categories.insert(name, c10::List<std::string>(table.text(name)));
    for (const char* name : {"size", "age", "income"}) {
        const at::Tensor values = table.numbers(name);
        const double* data = values.const_data_ptr<double>();
        numbers.insert(name, c10::List<double>(std::vector<double>(data, data + values.numel())));
    }
    return module.run_method("predict", categories, numbers);
}

/// Compares what the script gave for one target with what the learner says.
void expect_same(const torch::jit::IValue& answer, const TargetPredictions& expected) {
    if (!expected.is_class()) {
        EXPECT_LE(largest_difference(answer.toTensor(), expected.values), 1e-6) << expected.target;
        return;
    }
    const auto& parts = answer.toTupleRef().elements();
    EXPECT_LE(largest_difference(parts[1].toTensor(), expected.probabilities), 1e-6) << expected.target;
    const auto labels = parts[0].toList();
    const auto expected_labels = expected.labels();
    for (size_t row = 0; row < labels.size(); ++row) {
        const at::Tensor top = std::get<0>(expected.probabilities[static_cast<int64_t>(row)].topk(2));
        if ((top[0] - top[1]).item<double>() < 1e-5) continue;  // rounding decides
        ASSERT_EQ(labels.get(row).toStringRef(), expected_labels[row]) << expected.target << ", row " << row;
    }
}

/// Texts as the file has them.
RawColumns columns_of(const Table& table) {
    RawColumns columns;
    for (const auto& name : table.names()) {
        const auto texts = table.text(name);
        columns[name] = {texts.begin(), texts.end()};
    }
    return columns;
}

class TabularExport : public ::testing::TestWithParam<Case> {};

TEST_P(TabularExport, answers_ten_thousand_raw_rows_as_the_learner_does) {
    TemporaryFolder folder;
    auto learn = trained(GetParam());
    learn.export_torchscript(folder.path() / "flats.pt");
    const Table rows = hard_rows(10'000);
    const auto expected = learn.predict_table(rows);

    auto module = torch::jit::load((folder.path() / "flats.pt").string());
    const torch::NoGradGuard no_grad;
    const auto answer = script_predict(module, rows);
    if (expected.size() == 1) {
        expect_same(answer, expected.front());
    } else {
        for (size_t i = 0; i < expected.size(); ++i) expect_same(answer.toTupleRef().elements()[i], expected[i]);
    }
    const auto exported = ExportedModel::load(folder.path() / "flats.pt").predict(rows);
    const auto predictor = Predictor::load(folder.path() / "flats.pt");
    EncodingCounts counts, expected_counts;
    learn.tabular_dls().tabular().encode(rows, &expected_counts);
    const auto of_columns = predictor.predict_columns(columns_of(rows), &counts);
    EXPECT_EQ(counts.unknown, expected_counts.unknown);
    EXPECT_EQ(counts.filled, expected_counts.filled);
    for (size_t i = 0; i < expected.size(); ++i) {
        const auto values = [](const TargetPredictions& made) {
            return made.is_class() ? made.probabilities : made.values;
        };
        EXPECT_LE(largest_difference(values(exported[i]), values(expected[i])), 1e-6);
        EXPECT_LE(largest_difference(values(of_columns[i]), values(expected[i])), 1e-6);
    }
    for (int64_t row = 0; row < 50; ++row) {
        RawRow raw;
        const Table one = rows.take(torch::tensor({row}));
        for (const auto& name : one.names()) raw[name] = one.text(name).front();
        const auto made = predictor.predict_targets(raw);
        for (size_t i = 0; i < expected.size(); ++i) {
            if (expected[i].is_class()) {
                EXPECT_NEAR(made[i].probabilities[0], expected[i].probabilities[row][0].item<double>(), 1e-6);
            } else {
                const double value = expected[i].values[row].item<double>();
                EXPECT_NEAR(made[i].value, value, 1e-6 * std::max(1.0, std::abs(value)));
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, TabularExport,
    ::testing::Values(
        Case{"classes", {"let"}},
        Case{"norm_of_all", {"grade", "price"}, Scaling::standard, false, {.layers = {12, 7}, .bn_final = true}},
        Case{"norm_first",
             {"price", "grade"},
             Scaling::standard,
             false,
             {.layers = {12}, .ps = {0.3}, .bn_final = true, .lin_first = false}},
        Case{"bounded",
             {"grade", "price"},
             Scaling::standard,
             false,
             {.layers = {8}, .y_range = {0, 500}, .use_bn = false, .bn_cont = false}},
        Case{"many_classes", {"grade"}, Scaling::robust}, Case{"values", {"price"}},
        Case{"log_values", {"price"}, Scaling::none, true}, Case{"by_rank", {"let"}, Scaling::quantile},
        Case{"several", {"let", "price", "grade"}, Scaling::quantile, true}, kBest,
        Case{"rotated", {"price"}, Scaling::robust, false, {.layers = {8}}, {{"size", "age"}, {"age", "income"}}},
        Case{"near_by_all", {"let"}, Scaling::quantile, false, {.layers = {16, 8}}, {}, NeighbourOptions{}},
        Case{"near_and_rotated",
             {"let", "price", "grade"},
             Scaling::quantile,
             true,
             {.layers = {16, 8}},
             {{"size", "age"}},
             NeighbourOptions{.columns = {"age"}, .counts = {40, 2}}}),
    [](const auto& info) { return info.param.name; });

TEST(TabularExport, computes_values_in_float64_and_leaves_the_model_as_it_was) {
    TemporaryFolder folder;
    const auto types_in_file = [&](Case given) {
        auto learn = trained(given);
        const at::Tensor parameter = learn.model().module().parameters().front();
        const at::Tensor before = parameter.clone();
        // What processes hang their exchange of gradients on.
        const auto accumulator = torch::autograd::impl::grad_accumulator(parameter);
        learn.export_torchscript(folder.path() / "flats.pt");
        EXPECT_EQ(torch::autograd::impl::grad_accumulator(parameter), accumulator);
        EXPECT_TRUE(parameter.equal(before));
        std::set<at::ScalarType> types;
        const auto module = torch::jit::load((folder.path() / "flats.pt").string());
        for (const auto& stored : module.parameters()) types.insert(stored.scalar_type());
        return types;
    };
    EXPECT_THAT(types_in_file({"value", {"price"}}), ElementsAre(at::kDouble));
    EXPECT_THAT(types_in_file({"both", {"grade", "price"}}), ElementsAre(at::kDouble));
    EXPECT_THAT(types_in_file({"classes", {"grade"}}), ElementsAre(at::kFloat));
}

TEST(TabularExport, answers_in_python_as_the_learner_does) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    TemporaryFolder folder;
    auto learn = trained(kBest);
    learn.export_torchscript(folder.path() / "flats.pt");
    const Table rows = hard_rows(300);
    {
        std::ofstream input(folder.path() / "rows.csv");
        write_csv(input, rows);
        std::ofstream output(folder.path() / "expected.csv");
        output.precision(17);
        write_csv(output, with_predictions(rows, learn.predict_table(rows)));
    }
    EXPECT_EQ(embark::testing::run_python(
                  "learners/export/check_tabular_export.py",
                  {folder.path() / "flats.pt", folder.path() / "rows.csv", folder.path() / "expected.csv"}),
              "ok\n");
}

TEST(TabularExport, tells_what_the_file_takes_and_gives) {
    TemporaryFolder folder;
    trained({"both", {"let", "price"}}).export_torchscript(folder.path() / "flats.pt");
    const auto model = ExportedModel::load(folder.path() / "flats.pt");
    EXPECT_EQ(model.info().kind, "tabular");
    EXPECT_EQ(model.info().model, "TabularModel");
    EXPECT_THAT(model.info().inputs, ElementsAre("city", "rooms", "size", "age", "income"));
    EXPECT_THAT(model.info().outputs, ElementsAre("let", "price"));
    EXPECT_THAT(
        model.info().methods,
        ::testing::IsSupersetOf({"predict(categories: Dict[str, List[str]], numbers: Dict[str, List[float]]) -> "
                                 "Tuple[Tuple[List[str], Tensor], Tensor]",
                                 "columns() -> Tuple[List[str], List[str]]", "classes() -> Dict[str, List[str]]"}));
    EXPECT_THAT(message_of<Error>([&] { model.predict({"a"}, {"b"}); }),
                HasSubstr("its kind is tabular, and its methods are forward("));
    EXPECT_THAT(message_of<Error>([&] {
                    model.predict(make_table().select({"city", "rooms", "size", "age"}));
                }),
                HasSubstr("'income'"));
}

TEST(TabularExport, counts_what_training_did_not_have) {
    TemporaryFolder folder;
    trained({"classes", {"let"}}).export_torchscript(folder.path() / "flats.pt");
    EncodingCounts counts;
    ExportedModel::load(folder.path() / "flats.pt")
        .predict(Table::from_text({{"city", {"Kyiv", "", "Oslo"}},
                                   {"rooms", {"1", "9", "8"}},
                                   {"size", {"", "", "30"}},
                                   {"age", {"", "3", "4"}},
                                   {"income", {"1", "2", "3"}}}),
                 &counts);
    EXPECT_THAT(counts.unknown, ElementsAre(Pair("city", 1), Pair("rooms", 2)));
    EXPECT_THAT(counts.filled, ElementsAre(Pair("size", 2)));
}

TEST(TabularExport, takes_no_rows_at_all) {
    TemporaryFolder folder;
    auto learn = trained({"classes", {"let"}});
    learn.export_torchscript(folder.path() / "flats.pt");
    const Table none = make_table().head(0);
    EXPECT_EQ(learn.predict_table(none)[0].labels().size(), 0U);
    EXPECT_EQ(ExportedModel::load(folder.path() / "flats.pt").predict(none)[0].probabilities.size(0), 0);
    auto module = torch::jit::load((folder.path() / "flats.pt").string());
    EXPECT_EQ(script_predict(module, none).toTupleRef().elements()[1].toTensor().size(0), 0);
}

TEST(Predictor, answers_from_several_threads_at_once) {
    TemporaryFolder folder;
    trained(kBest).export_torchscript(folder.path() / "flats.pt");
    const auto predictor = Predictor::load(folder.path() / "flats.pt");
    const auto row = [](int i) {
        return RawRow{
            {"city", i % 2 ? "Oslo" : "Kyiv"}, {"rooms", i % 3}, {"size", 20.0 + i}, {"age", i}, {"income", 1}};
    };
    std::vector<double> expected;
    for (int i = 0; i < 40; ++i) expected.push_back(predictor.predict_targets(row(i))[1].value);
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 200; ++i) {
                const int which = (i + 7 * thread) % 40;
                const double value = predictor.predict_targets(row(which))[1].value;
                if (value != expected[static_cast<size_t>(which)]) ++wrong;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(wrong, 0);
}

TEST(Predictor, answers_columns_of_several_threads) {
    TemporaryFolder folder;
    trained(kBest).export_torchscript(folder.path() / "flats.pt");
    const auto predictor = Predictor::load(folder.path() / "flats.pt");
    const Table rows = hard_rows(300);
    const RawColumns columns = columns_of(rows);
    const at::Tensor expected = predictor.predict_columns(columns)[1].values;
    std::atomic<int> right = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] { right += at::equal(predictor.predict_columns(columns)[1].values, expected); });
    }
    threads.clear();
    EXPECT_EQ(right, 4);
}

TEST(Predictor, answers_columns_alike_on_any_number_of_threads) {
    TemporaryFolder folder;
    trained(kBest).export_torchscript(folder.path() / "flats.pt");
    const auto predictor = Predictor::load(folder.path() / "flats.pt");
    const RawColumns columns = columns_of(hard_rows(3000));
    const int before = at::get_num_threads();
    at::set_num_threads(1);
    const auto expected = predictor.predict_columns(columns);
    for (const int threads : {2, 5}) {
        at::set_num_threads(threads);
        const auto found = predictor.predict_columns(columns);
        EXPECT_TRUE(at::equal(found[0].probabilities, expected[0].probabilities)) << threads;
        EXPECT_TRUE(at::equal(found[1].values, expected[1].values)) << threads;
    }
    at::set_num_threads(before);
}

TEST(Predictor, says_which_kind_a_file_is_that_has_no_rows) {
    TemporaryFolder folder;
    const auto dls = DataLoaders::from_tensors({{torch::randn({20, 3})}, {torch::randn({20, 1})}}, {.batch_size = 4});
    export_torchscript(Model(torch::nn::Linear(3, 2)), dls, folder.path() / "linear.pt");
    const auto predictor = Predictor::load(folder.path() / "linear.pt");
    EXPECT_EQ(predictor.forward({torch::ones({7, 3})}).at(0).sizes(), at::IntArrayRef({7, 2}));
    EXPECT_THAT(message_of<Error>([&] { predictor.predict(RawRow{{"x", 1}}); }), HasSubstr("its kind is tensors"));
    EXPECT_THAT(message_of<Error>([&] {
                    predictor.predict_columns({{"x", {1, 2}}});
                }),
                HasSubstr("its kind is tensors"));
}

/// Rows whose texts and dates decide: good where a word says so and the month is a summer's.
Table reviews(int64_t rows, uint32_t seed = 3) {
    std::mt19937 random(seed);
    const std::vector<std::string> words = {"it", "is", "the", "Flat", "near", "a", "park,", "don't", "so"};
    std::vector<std::string> text, date, size, good;
    for (int64_t row = 0; row < rows; ++row) {
        std::string sentence;
        for (size_t i = 0; i < 3 + random() % 6; ++i) sentence += words[random() % words.size()] + " ";
        const bool lovely = random() % 2 == 0, summer = random() % 2 == 0;
        sentence += lovely ? "lovely!" : "awful.";
        text.push_back(random() % 20 == 0 ? "" : sentence);
        const int month = summer ? 6 : 11;
        date.push_back(random() % 20 == 0 ? "" : concat("2023-", month < 10 ? "0" : "", month, "-1", random() % 10));
        size.push_back(std::to_string(20 + random() % 50));
        good.push_back(lovely && summer ? "yes" : "no");
    }
    return Table::from_text({{"review", text}, {"seen_date", date}, {"size", size}, {"good", good}});
}

TabularLearner review_learner(int64_t epochs) {
    set_seed(2);
    auto learn = tabular_learner(TabularDataLoaders::from_table(reviews(800), {.y_names = {"good"},
                                                                               .cont_names = {"size"},
                                                                               .date_names = {"seen_date"},
                                                                               .text_names = {"review"},
                                                                               .text_len = 12,
                                                                               .batch_size = 32}),
                                 {.layers = {16, 8}, .text = {.embedding_size = 8, .hidden_size = 8}, .head = {16}},
                                 {.progress = false});
    learn.fit_one_cycle(epochs, 1e-2);
    return learn;
}

TEST(TabularLearner, learns_from_texts_dates_and_numbers_together) {
    auto learn = review_learner(6);
    const Predictions valid = learn.get_preds();
    EXPECT_GT(valid.predictions.argmax(1).eq(valid.targets).to(at::kDouble).mean().item<double>(), 0.9);
    EXPECT_THAT(learn.tabular_dls().tabular().input_names(), ElementsAre("size", "seen_date", "review"));
    EXPECT_EQ(learn.embedding("seen_Month").size(0), 3);
    const Table shown = learn.tabular_dls().decoded_batch(4);
    EXPECT_TRUE(shown.has("review"));
    EncodingCounts counts;
    learn.tabular_dls().tabular().encode(RawRow{{"size", 4}, {"seen_date", "yesterday"}, {"review", "so"}}, &counts);
    EXPECT_EQ(counts.unreadable.at("seen_date"), 1);
}

TEST(TabularExport, takes_raw_texts_and_dates) {
    TemporaryFolder folder;
    auto learn = review_learner(1);
    learn.export_torchscript(folder.path() / "reviews.pt");
    const Table rows = reviews(500, 77);
    const auto expected = learn.predict_table(rows).front();
    EXPECT_LE(largest_difference(ExportedModel::load(folder.path() / "reviews.pt").predict(rows).front().probabilities,
                                 expected.probabilities),
              1e-6);
    const auto predictor = Predictor::load(folder.path() / "reviews.pt");
    auto module = torch::jit::load((folder.path() / "reviews.pt").string());
    StringColumns texts;
    for (const char* name : {"review", "seen_date"}) texts.insert(name, c10::List<std::string>(rows.text(name)));
    NumberColumns numbers;
    const at::Tensor size = rows.numbers("size");
    numbers.insert("size", c10::List<double>(std::vector<double>(size.const_data_ptr<double>(),
                                                                 size.const_data_ptr<double>() + size.numel())));
    const torch::NoGradGuard no_grad;
    expect_same(module.run_method("predict", texts, numbers), expected);
    for (int64_t row = 0; row < 30; ++row) {
        RawRow raw;
        const Table one = rows.take(torch::tensor({row}));
        for (const auto& name : one.names()) raw[name] = one.text(name).front();
        EXPECT_NEAR(predictor.predict(raw).probabilities[1], expected.probabilities[row][1].item<double>(), 1e-6);
    }
}

}  // namespace tabular_export_test
