#include "tabular_bench.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/util/thread_pool.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/learners/tabular_recipe.h>
#include <embark/metrics/metrics.h>
#include <embark/predictor.h>

#include "memory.h"
#include "scratch.h"

namespace embark::bench {

namespace {

constexpr int64_t kEpochs = 3;
constexpr double kLearningRate = 1e-3;
constexpr uint64_t kSeed = 42;
/// Calls of one sample: a single one is too short for the clock.
constexpr int kRowsAtOnce = 200;

// fastai's cont_cat_split of these columns; peers/fastai_tabular.py has the same.
const std::vector<std::string> kCategories = {"workclass",      "education",  "education-num",
                                              "marital-status", "occupation", "relationship",
                                              "race",           "sex",        "native-country"};
const std::vector<std::string> kNumbers = {"age", "fnlwgt", "capital-gain", "capital-loss", "hours-per-week"};

Table adult(const std::filesystem::path& folder) {
    return read_csv(folder / "adult.data",
                    {.column_names = {"age", "workclass", "fnlwgt", "education", "education-num", "marital-status",
                                      "occupation", "relationship", "race", "sex", "capital-gain", "capital-loss",
                                      "hours-per-week", "native-country", "salary"},
                     .missing_values = {"?"},
                     .trim_spaces = true});
}

TabularRecipe adult_recipe(TabularRecipe recipe) {
    recipe.data.y_names = {"salary"};
    recipe.data.cat_names = kCategories;
    recipe.data.cont_names = kNumbers;
    recipe.data.seed = kSeed;
    recipe.learner.progress = false;
    return recipe;
}

/// Microseconds of one call, several times over. The model is not trained: how long it takes does not depend on that.
std::vector<double> row_microseconds(const Table& table, const TabularRecipe& preset, const RawRow& row, int repeats) {
    const Scratch scratch;
    const TabularRecipe recipe = adult_recipe(preset);
    set_seed(kSeed);
    auto learn = tabular_learner(TabularDataLoaders::from_table(table, recipe.data), recipe.model, recipe.learner);
    learn.export_torchscript(scratch.path() / "adult.pt");
    const auto predictor = Predictor::load(scratch.path() / "adult.pt");

    require(!predictor.predict(row).label.empty(), "The model says nothing of the row");
    std::vector<double> microseconds;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        const Seconds spent = time_of([&] {
            for (int i = 0; i < kRowsAtOnce; ++i) predictor.predict(row);
        });
        microseconds.push_back(spent.wall / kRowsAtOnce * 1e6);
    }
    return microseconds;
}

}  // namespace

nlohmann::json tabular_training(const Options& options) {
    TabularRecipe recipe = adult_recipe(fastai_recipe());
    recipe.learner.metrics = {accuracy()};
    recipe.data.seed = options.seed;
    const auto dls = TabularDataLoaders::from_table(adult(options.data), recipe.data);
    set_seed(options.seed);
    auto learn = tabular_learner(dls, {.layers = {200, 100}}, recipe.learner);
    const Records& records = learn.fit_one_cycle(kEpochs, kLearningRate);
    std::vector<double> seconds, losses, accuracies;
    for (const auto& row : records.epochs) {
        seconds.push_back(row.train_seconds);
        losses.push_back(row.valid_loss);
        accuracies.push_back(row.metrics.front());
    }
    return {{"epoch_seconds", seconds}, {"valid_losses", losses}, {"valid_accuracies", accuracies}};
}

nlohmann::json table_encoding(const Options& options) {
    require(arrow::SetCpuThreadPoolCapacity(options.threads).ok(), "Arrow takes no ", options.threads, " threads");
    TabularOptions data = {.y_names = {"salary"}, .cat_names = kCategories, .cont_names = kNumbers, .seed = kSeed};
    data.cont_names.emplace_back("wage");

    const int64_t before = peak_bytes();
    std::optional<Table> table;
    const double read = time_of([&] { table = read_csv(options.data / "people.csv"); }).wall;
    const int64_t after_reading = peak_bytes();
    std::optional<TabularDataLoaders> dls;
    const double encode = time_of([&] { dls = TabularDataLoaders::from_table(*table, data); }).wall;
    const int64_t peak = peak_bytes();
    return {{"read_seconds", read},
            {"encode_seconds", encode},
            {"rows", table->rows()},
            {"peak_bytes", peak - before},
            {"peak_bytes_of_reading", after_reading - before},
            {"tensor_bytes", bytes_of(dls->train().data()) + bytes_of(dls->valid().data())}};
}

nlohmann::json row_prediction(const Options& options) {
    const Table table = adult(options.data);
    RawRow row;
    for (const std::string& name : kCategories) row[name] = table.head(1).text(name).front();
    for (const std::string& name : kNumbers) row[name] = table.head(1).numbers(name)[0].item<double>();
    return {{"fastai_microseconds", row_microseconds(table, fastai_recipe(), row, options.repeats)},
            {"best_microseconds", row_microseconds(table, best_recipe(), row, options.repeats)}};
}

}  // namespace embark::bench
