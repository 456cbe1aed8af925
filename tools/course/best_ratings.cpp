#include <string>
#include <utility>
#include <vector>

#include <embark/learners/collab_recipe.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

namespace {

/// One more of what is known than the row before it.
struct KnownMore {
    const char* name;
    bool sums = false, tables = false, times = false;
    int64_t members = 1;
};

constexpr KnownMore kSteps[] = {{.name = "dot product with biases"},
                           {.name = "8 members of it", .members = 8},
                           {.name = "what was rated, and by whom", .sums = true},
                           {.name = "and age, gender, work, year and genres", .sums = true, .tables = true},
                           {.name = "and days", .sums = true, .tables = true, .times = true}};

Result run_best_ratings(const Lab& lab) {
    const Table ratings = movielens(lab);
    const Table users = movielens_users(lab), films = movielens_films(lab).select({"movie", "year", "genres"});
    Result result;
    Grid grid{"RMSE on a random fifth", "model", {}, {{"rmse"}, {"below the row before"}}};
    for (const KnownMore& step : kSteps) {
        const char* preset = step.sums ? "best" : "default";
        CollabOptions options{.user_name = "user", .item_name = "movie", .rating_name = "rating", .seed = lab.seed};
        options.batch_size = collab_batch_size(preset, ratings.rows() * 4 / 5);
        if (step.times) options.time_name = "timestamp";
        if (step.tables) {
            options.user_table = {users};
            options.item_table = {films};
        }
        set_seed(lab.seed);
        const auto dls = CollabDataLoaders::from_table(ratings, options);
        CollabRecipe recipe = collab_recipe_of(preset, dls, step.members);
        recipe.learner.metrics = {rmse()};
        recipe.learner.progress = false;
        recipe.n_epoch = lab.epochs(recipe.n_epoch);
        if (lab.quick) recipe.min_steps = 0;
        auto learn = collab_learner(dls, recipe.model, recipe.learner);
        fit_recipe(learn, recipe);
        const double error = learn.validate().metrics.at("rmse");
        auto& errors = grid.columns[0].values;
        grid.columns[1].values.push_back(errors.empty() ? 0 : errors.back() - error);
        if (!errors.empty()) {
            result.check({std::string(step.name) + ": a lower RMSE than the row before", Relation::below, error,
                          errors.back(), "the row before"});
        }
        grid.rows.emplace_back(step.name);
        errors.push_back(error);
    }
    result.grids.push_back(std::move(grid));
    return result;
}

}  // namespace

const Experiment kBestRatings = {
    .name = "best-ratings",
    .title = "How far ratings can be predicted",
    .notes =
        "The notes end with a dot product, biases and weight decay. What a user rated says much, whatever the "
        "ratings were, and so does who rated a film, when, and what is known of both: each is one more sum in "
        "the vectors.",
    .settings = "ML-100k, 50 factors, a random fifth for validation; the presets default and best (docs/ratings.md)",
    .conclusion = "Every kind of knowledge lowers the error: what was rated, by whom, when, and what is known of both.",
    .to_try = "Put the rows in another order: is each column worth the same wherever it comes in?",
    .run = run_best_ratings};

}  // namespace embark::course
