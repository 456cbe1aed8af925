#include <string>
#include <utility>

#include <embark/learners/ranking_recipe.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

namespace {

struct NamedKind {
    const char* name;
    RankingKind kind;
};

constexpr NamedKind kModels[] = {{"the most popular films", RankingKind::popularity},
                                 {"films most like those that were liked (item-knn)", RankingKind::item_knn},
                                 {"linear model of each film by all others (ease)", RankingKind::ease},
                                 {"alternating least squares (ials)", RankingKind::ials},
                                 {"dot product, softmax over all films", RankingKind::dot},
                                 {"bag of what was liked, softmax over all films", RankingKind::bag}};

Result run_implicit(const Lab& lab) {
    const auto events = Interactions::from_table(
        movielens(lab),
        {.user_name = "user", .item_name = "movie", .rating_name = "rating", .positives = at_least(4), .seed = lab.seed});
    Result result;
    Grid grid{"A fifth of each user's liked films, among all that are new to the user", "model", {},
              {{"NDCG@10"}, {"recall@20"}, {"coverage@10"}}};
    double of_popularity = 0, of_ease = 0;
    for (const NamedKind& model : kModels) {
        RankingRecipe recipe = ranking_recipe(events, model.kind);
        recipe.learner.progress = false;
        recipe.n_epoch = lab.epochs(recipe.n_epoch);
        set_seed(lab.seed);
        auto learn = ranking_learner(events, recipe.model, recipe.learner);
        fit_recipe(learn, recipe);
        const auto values = learn.measure("ndcg@10,recall@20,coverage@10").values;
        const double ndcg = values.at("ndcg@10");
        grid.rows.emplace_back(model.name);
        grid.columns[0].values.push_back(ndcg);
        grid.columns[1].values.push_back(values.at("recall@20"));
        grid.columns[2].values.push_back(values.at("coverage@10"));
        if (model.kind == RankingKind::popularity) of_popularity = ndcg;
        if (model.kind == RankingKind::ease) of_ease = ndcg;
        if (model.kind == RankingKind::popularity) continue;
        result.check({std::string(model.name) + ": a higher NDCG@10 than popularity", Relation::above, ndcg,
                      of_popularity, "the most popular films"});
        if (model.kind == RankingKind::bag) {
            result.check({"the bag's NDCG@10 is near ease's or above", Relation::above, ndcg, 0.97 * of_ease,
                          "0.97 times ease's"});
        }
    }
    result.grids.push_back(std::move(grid));
    return result;
}

}  // namespace

const Experiment kImplicit = {
    .name = "implicit",
    .title = "Which films somebody will like, without ratings",
    .notes =
        "The notes predict ratings. Most who recommend have none, but know what people watched, bought or "
        "clicked, and want the best ten of a catalogue. Films rated 4 or more are what was liked here; how many "
        "stars there were is not looked at.",
    .settings = "ML-100k, a fifth of each user's liked films left out; docs/rankings.md",
    .conclusion =
        "Ranking is another task than predicting ratings: what counts is which few items come first. Simple "
        "models of which items go together are hard to beat.",
    .to_try = "Take at_least(1) for the positives, or another model of RankingKind, and look at coverage beside NDCG.",
    .run = run_implicit};

}  // namespace embark::course
