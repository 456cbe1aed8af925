#include <algorithm>

#include <embark/learners/collab_learner.h>
#include <embark/learners/tabular_learner.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_ensemble(const Lab& lab) {
    const auto dls = movielens_batches(lab);
    auto dot_product = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}});
    dot_product.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    auto network = collab_learner(dls, {.y_range = {0, 5.5}, .use_nn = true, .layers = {100, 50}});
    network.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    // A network that knows more of users; the same rows are for validation, since the seed is the same.
    auto with_metadata =
        tabular_learner(TabularDataLoaders::from_table(movielens(lab).join(movielens_users(lab), "user"),
                                                       {.y_names = {"rating"},
                                                        .cat_names = {"user", "title", "gender", "occupation"},
                                                        .cont_names = {"age", "timestamp"},
                                                        .y_values = {"rating"},
                                                        .batch_size = 64,
                                                        .seed = lab.seed}),
                        {.layers = {100, 50}, .y_range = {0, 5.5}});
    with_metadata.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    std::vector<std::string> names = {"dot product", "network", "network with metadata"};
    std::vector<double> losses;
    at::Tensor sum, ratings;
    for (Learner* learn : std::vector<Learner*>{&dot_product, &network, &with_metadata}) {
        const Predictions found = learn->get_preds();
        ratings = found.targets.flatten();
        const at::Tensor predicted = found.predictions.flatten();
        losses.push_back((predicted - ratings).square().mean().item<double>());
        sum = sum.defined() ? sum + predicted : predicted;
    }
    const double best = *std::min_element(losses.begin(), losses.end());
    losses.push_back((sum / 3 - ratings).square().mean().item<double>());
    names.push_back("mean of the three");

    Result result;
    result.grids.push_back({"Validation", "model", names, {{"valid_loss", losses}}});
    result.check({"the mean of the three is better than its best member", Relation::below, losses.back(), best,
                  "its best member"});
    return result;
}

const Experiment kEnsemble = {
    .name = "ensemble",
    .title = "Different architectures, averaged",
    .notes =
        "Good models of different architectures make different mistakes, so that their average is better than "
        "each.",
    .settings =
        "ML-100k, the models of collab-learner and embedding-nn, and one with age, gender, occupation and "
        "time; 5 epochs each at 5e-3, wd 0.1",
    .conclusion = "Models that are wrong in different places are better together than the best of them alone.",
    .to_try = "Weigh the three by their validation loss, or leave the worst out.",
    .run = run_ensemble};

}  // namespace embark::course
