// resumable_fit KIND FOLDER: one of the fits that test_checkpoints.py kills, with all that writes while it trains: a
// checkpoint every five batches and the best model in FOLDER/run, which must be there, history.csv, and a log for
// TensorBoard. Started again in the same folder it goes on. `resumable_fit` alone lists the kinds.
#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/callbacks/reporting/csv_logger.h>
#include <embark/callbacks/reporting/tensorboard.h>
#include <embark/core/error.h>
#include <embark/data/parquet/parquet.h>
#include <embark/learners/collab_recipe.h>
#include <embark/learners/tabular_recipe.h>

#include <filesystem>
#include <functional>
#include <iostream>
#include <map>

#include <torch/torch.h>

#include "made_ratings.h"

namespace embark {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRows = 800;

/// Ratings by 60 users of 50 items, with an age and a day, which the tables of people have too.
Table rows() {
    return testing::made_ratings(kRows, 60, 50).with_column("day", at::arange(kRows) * 3'600);
}

LearnerOptions reported(LearnerOptions options, const fs::path& folder) {
    options.callbacks.push_back(data_parallel());
    options.callbacks.push_back(save_model({.path = folder / "run" / "best.safetensors", .with_opt = true}));
    options.callbacks.push_back(csv_logger({.path = folder / "history.csv"}));
    options.callbacks.push_back(tensorboard(folder / "logs"));
    options.progress = false;
    return options;
}

FitOptions resumed(const fs::path& folder) {
    return {.checkpoint = {.dir = folder / "run", .every = 5, .resume = true}};
}

void fit_ratings(const CollabDataLoaders& dls, const CollabModelOptions& model, const LearnerOptions& options,
                 const fs::path& folder) {
    set_seed(3);
    collab_learner(dls, model, reported(options, folder)).fit_one_cycle(3, 1e-2, resumed(folder));
}

/// Of ratings that each process reads from memory.
void fit_ratings(const CollabModelOptions& model, const LearnerOptions& options, const fs::path& folder) {
    fit_ratings(CollabDataLoaders::from_table(rows(), {.batch_size = 16, .seed = 1}), model, options, folder);
}

void fit_best_ratings(const fs::path& folder) {
    const auto dls = CollabDataLoaders::from_table(rows(), {.time_name = "day", .batch_size = 16, .seed = 1});
    CollabRecipe recipe = best_collab_recipe(dls, 2);
    recipe.model.n_factors = 8;
    recipe.n_epoch = 3;
    set_seed(3);
    auto learn = collab_learner(dls, recipe.model, reported(recipe.learner, folder));
    fit_recipe(learn, recipe, resumed(folder));
}

void fit_table(TabularRecipe recipe, const fs::path& folder) {
    recipe.data.y_names = {"rating"};
    recipe.data.cat_names = {"user", "item"};
    recipe.data.cont_names = {"age"};
    recipe.data.batch_size = 64;
    recipe.data.seed = 1;
    recipe.model.layers = {16};
    recipe.n_epoch = 3;
    recipe.min_steps = 0;
    set_seed(3);
    auto learn = tabular_learner(TabularDataLoaders::from_table(rows(), recipe.data), recipe.model,
                                 reported(recipe.learner, folder));
    fit_recipe(learn, recipe, resumed(folder));
}

void fit_streamed(const fs::path& folder) {
    const fs::path file = folder / "ratings.parquet";
    if (!fs::exists(file)) write_parquet(file, rows(), {.row_group_rows = 50});
    fit_ratings(CollabDataLoaders::from_parquet(file, {.batch_size = 16}, {.shuffle_buffer = 120}), {.n_factors = 8}, {},
                folder);
}

const std::map<std::string, std::function<void(const fs::path&)>> kKinds = {
    {"fused", [](const fs::path& folder) { fit_ratings({.n_factors = 8, .y_range = {0, 5.5}}, {}, folder); }},
    {"autograd", [](const fs::path& folder) { fit_ratings({.n_factors = 8}, {.fused_step = false}, folder); }},
    {"lazy",
     [](const fs::path& folder) {
         fit_ratings({.n_factors = 8}, {.embedding_update = EmbeddingUpdate::lazy}, folder);
     }},
    {"sharded",
     [](const fs::path& folder) {
         fit_ratings({.n_factors = 8, .shard_tables = true},
                     {.fused_step = false, .embedding_update = EmbeddingUpdate::lazy}, folder);
     }},
    {"streamed", fit_streamed},
    {"best-ratings", fit_best_ratings},
    {"tabular", [](const fs::path& folder) { fit_table(default_recipe(), folder); }},
    {"best-tabular", [](const fs::path& folder) { fit_table(best_recipe(), folder); }}};

}  // namespace
}  // namespace embark

int main(int argc, char** argv) {
    try {
        if (argc == 1) {
            for (const auto& [kind, fit] : embark::kKinds) std::cout << kind << "\n";
            return 0;
        }
        embark::require<embark::UsageError>(argc == 3, "Usage: resumable_fit KIND FOLDER");
        embark::kKinds.at(argv[1])(argv[2]);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "resumable_fit: " << error.what() << "\n";
        return 1;
    }
}
