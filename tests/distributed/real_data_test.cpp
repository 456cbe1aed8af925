#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/tabular_learner.h>
#include <embark/optim/model_state.h>

#include "ranks.h"
#include "test_files.h"

// An epoch of MovieLens 100k and of Adult, by one process and by several.
namespace embark {
namespace real_data_test {

namespace fs = std::filesystem;
using testing::data_folder;
using testing::RegisterScenario;
using testing::run_ranks_well;
using testing::TemporaryFolder;

void save(Learner& learn, const fs::path& folder) {
    const auto processes = ProcessGroup::from_environment();
    learn.save(folder / concat(processes ? processes->size() : 1, ".safetensors"));
}

void fit_movielens(const fs::path& folder, bool fused) {
    const auto ratings = read_csv(*data_folder() / "ml-100k" / "u.data",
                                  {.delimiter = '\t', .column_names = {"user", "movie", "rating", "time"}});
    const auto dls = CollabDataLoaders::from_table(ratings, {});
    set_seed(42);
    CollabLearner learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}},
                                         {.callbacks = {data_parallel()}, .progress = false, .fused_step = fused});
    learn.fit_one_cycle(1, 5e-3, {.weight_decay = 0.1});
    save(learn, folder);
}
const RegisterScenario fused("movielens_fused", [](const fs::path& folder) { fit_movielens(folder, true); });
const RegisterScenario autograd("movielens_autograd", [](const fs::path& folder) { fit_movielens(folder, false); });

const RegisterScenario adult("adult", [](const fs::path& folder) {
    const auto rows =
        read_csv(*data_folder() / "adult" / "adult.data",
                 {.column_names = {"age", "workclass", "fnlwgt", "education", "education-num", "marital", "occupation",
                                   "relationship", "race", "sex", "gain", "loss", "hours", "country", "salary"},
                  .missing_values = {"?"},
                  .trim_spaces = true});
    const auto dls =
        TabularDataLoaders::from_table(rows, {.y_names = {"salary"}, .hide_categories = 0, .batch_size = 256});
    // Nothing random in training: each process would draw for itself.
    set_seed(42);
    TabularLearner learn =
        tabular_learner(dls, {.use_bn = false, .bn_cont = false}, {.callbacks = {data_parallel()}, .progress = false});
    learn.fit_one_cycle(1, 1e-3);
    save(learn, folder);
});

void expect_same_weights(const std::string& scenario, const std::string& file) {
    const auto data = data_folder();
    if (!data || !fs::exists(*data / file)) GTEST_SKIP() << file << " is not here: EMBARK_DATA names its folder";
    const TemporaryFolder folder;
    for (const int size : {1, 2, 4}) run_ranks_well(scenario, size, folder.path());
    if (::testing::Test::HasFailure()) return;
    const auto weights = [&](int size) {
        return ModelState::load(folder.path() / concat(size, ".safetensors")).content().tensors;
    };
    const auto one = weights(1);
    for (const int size : {2, 4}) {
        double largest = 0;
        for (const auto& [name, tensor] : weights(size)) {
            if (!name.starts_with("model.")) continue;
            largest = std::max(largest, (tensor - one.at(name)).abs().max().item<double>());
        }
        EXPECT_LE(largest, 1e-5) << size << " processes";
        std::printf("%s, %d processes: largest difference of a weight %.1e\n", scenario.c_str(), size, largest);
    }
}

TEST(RealData, an_epoch_of_movielens_by_the_fused_step_is_that_of_one_process) {
    expect_same_weights("movielens_fused", "ml-100k/u.data");
}
TEST(RealData, an_epoch_of_movielens_through_autograd_is_that_of_one_process) {
    expect_same_weights("movielens_autograd", "ml-100k/u.data");
}
TEST(RealData, an_epoch_of_adult_without_batch_norm_is_that_of_one_process) {
    expect_same_weights("adult", "adult/adult.data");
}

}  // namespace real_data_test
}  // namespace embark
