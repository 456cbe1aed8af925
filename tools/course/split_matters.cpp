#include <embark/data/loaders/column_splitters.h>
#include <embark/learners/collab_learner.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_split_matters(const Lab& lab) {
    const Table ratings = movielens(lab);
    const auto train = [&](const Splitter& splitter) {
        set_seed(lab.seed);
        auto dls = CollabDataLoaders::from_table(
            ratings, {.item_name = "title", .splitter = splitter, .batch_size = 64, .seed = lab.seed});
        auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}}, {.metrics = {rmse()}});
        learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});
        return learn.records();
    };
    const Records random = train(random_splitter(0.2, lab.seed));
    // What a recommender meets: ratings that come after those it learned from, from people it may not know yet.
    const Records latest = train(time_splitter("timestamp", 0.2));

    Result result;
    result.training(random, {}, {}, "A random fifth for validation");
    result.training(latest, {}, {}, "The latest fifth for validation");
    const double gap = latest.last("valid_loss") - random.last("valid_loss");
    result.grids.push_back({"What the split is worth",
                            "",
                            {"random", "latest", "gap"},
                            {{"valid_loss", {random.last("valid_loss"), latest.last("valid_loss"), gap}}}});
    result.check({"the latest ratings are harder to predict", Relation::above, latest.last("valid_loss"),
                  random.last("valid_loss"), "a random split"});
    return result;
}

const Experiment kSplitMatters = {
    .name = "split-matters",
    .title = "A random split flatters: ratings in order of time",
    .notes =
        "Rows of tables and frames of videos come in an order, and a model that has seen a row's neighbours "
        "seems better than it is; so a stretch of the data should be kept for validation.",
    .settings = "ML-100k ordered by timestamp, collab_learner as in collab-learner, 5 epochs",
    .conclusion =
        "A random split flatters: the same model is worse on the ratings that come after those it learned "
        "from. Split data as the model will be used.",
    .to_try = "Take the latest 5 %: how many of their users has training never seen?",
    .run = run_split_matters};

}  // namespace embark::course
