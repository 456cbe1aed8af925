// Files that earlier versions wrote load, and answer as they did; see tests/golden/README.md.
#include <algorithm>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <embark/callbacks/checkpoint/detail/checkpointer.h>
#include <embark/callbacks/training_state.h>
#include <embark/learners/export/exported_model.h>
#include <embark/predictor.h>

#include "../golden/golden_data.h"
#include "baselines.h"
#include "python.h"
#include "test_files.h"

namespace embark {
namespace golden_test {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::largest_difference;
using testing::TemporaryFolder;

using Strings = std::vector<std::string>;

fs::path golden_folder() {
    return fs::path(EMBARK_SOURCE_DIR) / "tests" / "golden";
}

/// The versions that have a folder, "0.1".
Strings versions() {
    Strings names;
    for (const auto& entry : fs::directory_iterator(golden_folder())) {
        if (entry.is_directory()) names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

at::Tensor numbers_of(const Json& list) {
    return torch::tensor(list.get<std::vector<double>>(), at::kDouble);
}

Tensors tensors_of(const Json& list) {
    Tensors tensors;
    for (const auto& item : list) {
        const auto type = item.at("dtype") == "int64" ? at::kLong : at::kFloat;
        const auto shape = item.at("shape").get<std::vector<int64_t>>();
        tensors.push_back(numbers_of(item.at("data")).to(type).reshape(shape));
    }
    return tensors;
}

void expect_near(const at::Tensor& found, const at::Tensor& expected, const std::string& what,
                 double tolerance = 1e-6) {
    ASSERT_EQ(found.numel(), expected.numel()) << what;
    EXPECT_LE(largest_difference(found, expected), tolerance) << what;
}

void expect_near(const Tensors& found, const Tensors& expected, const std::string& what, double tolerance = 1e-6) {
    ASSERT_EQ(found.size(), expected.size()) << what;
    for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(found[i].sizes(), expected[i].sizes()) << what << ", tensor " << i;
        expect_near(found[i], expected[i], concat(what, ", tensor ", i), tolerance);
    }
}

void expect_ranking(const std::vector<Scored>& found, const Json& expected, const std::string& what) {
    Strings names;
    std::vector<double> scores;
    for (const auto& [name, score] : found) {
        names.push_back(name);
        scores.push_back(score);
    }
    EXPECT_EQ(names, expected.at("names").get<Strings>()) << what;
    expect_near(torch::tensor(scores, at::kDouble), numbers_of(expected.at("scores")), what);
}

/// What a file said of some rows, one entry a target.
std::vector<TargetPredictions> predictions_of(const Json& list) {
    std::vector<TargetPredictions> targets;
    for (const auto& item : list) {
        TargetPredictions made{.target = item.at("target")};
        if (item.contains("values")) {
            made.values = numbers_of(item.at("values"));
        } else {
            made.classes = item.at("classes").get<Strings>();
            Tensors rows;
            for (const auto& row : item.at("probabilities")) rows.push_back(numbers_of(row));
            made.probabilities = torch::stack(rows);
        }
        targets.push_back(made);
    }
    return targets;
}

void expect_predictions(const std::vector<TargetPredictions>& found, const std::vector<TargetPredictions>& expected,
                        const std::string& what) {
    ASSERT_EQ(found.size(), expected.size()) << what;
    for (size_t i = 0; i < found.size(); ++i) {
        const std::string which = what + ", target " + expected[i].target;
        EXPECT_EQ(found[i].target, expected[i].target) << which;
        EXPECT_EQ(found[i].classes, expected[i].classes) << which;
        if (expected[i].is_class()) {
            expect_near(found[i].probabilities, expected[i].probabilities, which);
            EXPECT_EQ(found[i].labels(), expected[i].labels()) << which;
        } else {
            expect_near(found[i].values, expected[i].values, which);
        }
    }
}

/// One row alone, against row `number` of what was said of all.
void expect_row(const std::vector<Prediction>& found, const std::vector<TargetPredictions>& expected, int64_t number,
                const std::string& what) {
    ASSERT_EQ(found.size(), expected.size()) << what;
    for (size_t i = 0; i < found.size(); ++i) {
        const std::string which = concat(what, ", row ", number, ", target ", expected[i].target);
        EXPECT_EQ(found[i].target, expected[i].target) << which;
        if (expected[i].is_class()) {
            EXPECT_EQ(found[i].label, expected[i].labels()[static_cast<size_t>(number)]) << which;
            expect_near(torch::tensor(found[i].probabilities, at::kDouble), expected[i].probabilities[number], which);
        } else {
            expect_near(torch::tensor(found[i].value, at::kDouble), expected[i].values[number], which);
        }
    }
}

void expect_collab_answers(const fs::path& path, const Json& answers, const std::string& name) {
    const auto predictor = Predictor::load(path);
    const Json& predict = answers.at("predict");
    expect_near(predictor.predict(predict.at("users").get<Strings>(), predict.at("items").get<Strings>()),
                numbers_of(predict.at("scores")), name + ", predict");
    for (const auto& [user, known] : answers.at("knows").items()) {
        EXPECT_EQ(predictor.knows_user(user), known.get<bool>()) << name << ", knows_user of " << user;
    }
    for (const auto& ranking : answers.at("recommend")) {
        const std::string user = ranking.at("name");
        expect_ranking(predictor.recommend(user, ranking.at("k")), ranking, name + ", recommend of " + user);
    }
    for (const auto& ranking : answers.at("similar")) {
        const std::string item = ranking.at("name");
        expect_ranking(predictor.similar(item, ranking.at("k")), ranking, name + ", similar to " + item);
    }
}

void expect_table_answers(const fs::path& path, const Json& answers, const std::string& name) {
    const auto expected = predictions_of(answers.at("predict"));
    std::vector<std::pair<std::string, Strings>> texts;
    RawColumns columns;
    for (const auto& [column, values] : answers.at("rows").items()) {
        texts.emplace_back(column, values.get<Strings>());
        columns[column] = {texts.back().second.begin(), texts.back().second.end()};
    }
    const auto predictor = Predictor::load(path);
    expect_predictions(predictor.predict_columns(columns), expected, name + ", columns");
    expect_predictions(ExportedModel::load(path).predict(Table::from_text(texts)), expected, name + ", table");
    for (size_t number = 0; number < texts.front().second.size(); ++number) {
        RawRow row;
        for (const auto& [column, values] : columns) row[column] = values[number];
        expect_row(predictor.predict_targets(row), expected, static_cast<int64_t>(number), name);
    }
}

/// Counts the training batches of a fit.
struct CountBatches : Callback {
    int64_t count = 0;
    bool needs_autograd() const override { return false; }
    void after_batch(TrainingState& state) override { count += state.training; }
};

/// Weights and buffers by name.
std::map<std::string, at::Tensor> weights_of(const Learner& learn) {
    std::map<std::string, at::Tensor> weights;
    for (const auto& item : learn.model().module().named_parameters()) weights[item.key()] = item.value();
    for (const auto& item : learn.model().module().named_buffers()) weights[item.key()] = item.value();
    return weights;
}

/// On one thread, as the files were made.
class Golden : public ::testing::TestWithParam<std::string> {
protected:
    void SetUp() override { at::set_num_threads(1); }
    void TearDown() override { at::set_num_threads(threads_); }

    fs::path folder() const { return golden_folder() / GetParam(); }
    Json answers() const { return Json::parse(std::ifstream(folder() / "answers.json")); }

private:
    int threads_ = at::get_num_threads();
};

TEST_P(Golden, folders_hold_the_files_that_there_are_answers_of) {
    std::set<std::string> expected = {"answers.json"}, found;
    const Json all = answers();
    for (const auto& [name, answer] : all.at("exported").items()) expected.insert(name);
    for (const auto& [name, answer] : all.at("fits").items()) {
        expected.insert({name, name + "/checkpoint.safetensors", name + ".safetensors"});
    }
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
        found.insert(fs::relative(entry.path(), folder()).generic_string());
    }
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(all.at("version").get<std::string>().starts_with(GetParam() + "."));
}

TEST_P(Golden, exported_files_say_what_they_are) {
    const Json all = answers();
    for (const auto& [name, answer] : all.at("exported").items()) {
        const auto info = Predictor::load(folder() / name).info();
        EXPECT_EQ(info.version, all.at("version")) << name;
        EXPECT_EQ(info.kind, answer.at("kind")) << name;
        EXPECT_EQ(info.model, answer.at("model")) << name;
        EXPECT_EQ(Json(info.inputs), answer.at("inputs")) << name;
        EXPECT_EQ(Json(info.outputs), answer.at("outputs")) << name;
    }
}

TEST_P(Golden, exported_files_answer_as_they_did) {
    const Json all = answers();
    for (const auto& [name, answer] : all.at("exported").items()) {
        if (answer.at("kind") == "collab") {
            expect_collab_answers(folder() / name, answer, name);
        } else if (answer.at("kind") == "tabular") {
            expect_table_answers(folder() / name, answer, name);
        } else {
            const Json& forward = answer.at("forward");
            expect_near(Predictor::load(folder() / name).forward(tensors_of(forward.at("inputs"))),
                        tensors_of(forward.at("outputs")), name);
        }
    }
}

TEST_P(Golden, exported_files_answer_the_same_with_nothing_but_torch) {
    EMBARK_NEEDS_PYTHON_MODULE("torch");
    EXPECT_EQ(testing::run_python("learners/check_golden.py", {folder()}), "ok\n");
}

TEST_P(Golden, saved_learners_predict_as_they_did) {
    const Json all = answers();
    for (const auto& [name, answer] : all.at("fits").items()) {
        const auto learn = golden::fit_of(name).make();
        learn->load(folder() / (name + ".safetensors"));
        expect_near(learn->predict_all(tensors_of(answer.at("inputs"))), tensors_of(answer.at("predictions")), name);
    }
}

TEST_P(Golden, saved_learners_train_further_as_they_did) {
    const Json all = answers();
    for (const auto& [name, answer] : all.at("fits").items()) {
        const auto learn = golden::fit_of(name).make();
        learn->load(folder() / (name + ".safetensors"));
        golden::train_further(*learn);
        expect_near(learn->predict_all(tensors_of(answer.at("inputs"))), tensors_of(answer.at("predictions_further")),
                    name, 1e-5);
    }
}

TEST_P(Golden, interrupted_fits_end_as_the_undisturbed_ones_did) {
    const Json all = answers();
    for (const auto& [name, answer] : all.at("fits").items()) {
        const TemporaryFolder copy;
        fs::copy_file(checkpoint_path(folder() / name), checkpoint_path(copy.path()));
        const auto& fit = golden::fit_of(name);
        const auto undisturbed = fit.make();
        undisturbed->load(folder() / (name + ".safetensors"));

        const auto learn = fit.make();
        const auto batches = std::make_shared<CountBatches>();
        fit.train(*learn, {.callbacks = {batches}, .checkpoint = {.dir = copy.path(), .resume = true}});
        EXPECT_EQ(batches->count + answer.at("interrupted_after").get<int64_t>(),
                  static_cast<int64_t>(learn->records().losses.size()))
            << name;
        expect_near(torch::rand({3}), numbers_of(answer.at("drawn_after")), name + ", random numbers");
        const auto weights = weights_of(*learn);
        for (const auto& [weight, expected] : weights_of(*undisturbed)) {
            expect_near(weights.at(weight), expected, name + ", " + weight, 1e-5);
        }
        const auto& epochs = learn->records().epochs;
        ASSERT_EQ(epochs.size(), answer.at("epochs").size()) << name;
        for (size_t i = 0; i < epochs.size(); ++i) {
            expect_near(torch::tensor({epochs[i].train_loss, epochs[i].valid_loss}, at::kDouble),
                        numbers_of(answer.at("epochs")[i]), concat(name, ", losses of epoch ", i), 1e-5);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Version, Golden, ::testing::ValuesIn(versions()), [](const auto& info) {
    std::string name = info.param;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
});

}  // namespace golden_test
}  // namespace embark
