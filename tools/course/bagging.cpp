#include <embark/learners/insight/ensemble.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_bagging(const Lab& lab) {
    const auto dls = movielens_batches(lab);
    const auto train = [&](const CollabDataLoaders& rows) {
        auto learn = collab_learner(rows, {.n_factors = 50, .y_range = {0, 5.5}}, {.progress = false});
        learn.fit_one_cycle(lab.epochs(5), 5e-3);  // the model that overfits: averaging is against chance
        return learn;
    };
    auto one = train(dls);
    // Each member learns from as many ratings, drawn from the training part with replacement.
    auto five = bagged(dls, lab.size(5, 2), train, lab.seed);
    auto resampled = train(dls.resampled(lab.seed));

    Result result;
    const double alone = one.validate().loss, together = five.validate().loss;
    result.grids.push_back({"Validation",
                            "model",
                            {"one, on all rows", "one, on resampled rows", "five on resampled rows, averaged"},
                            {{"valid_loss", {alone, resampled.validate().loss, together}}}});
    result.check(
        {"five averaged are better than one on all rows", Relation::below, together, alone, "one on all rows"});
    return result;
}

const Experiment kBagging = {
    .name = "bagging",
    .title = "The same architecture on resampled rows, averaged",
    .notes =
        "On top of an ensemble of architectures, models can be trained on different draws of the training data "
        "and averaged.",
    .settings =
        "ML-100k, five models of dot-product-bias (wd 0.01), each on a bootstrap sample of the training "
        "ratings",
    .conclusion =
        "Much of what an overfitted model got wrong is chance, which differs from draw to draw and is "
        "averaged away.",
    .to_try = "Average five models that differ in their seed alone, all of them on all rows.",
    .run = run_bagging};

}  // namespace embark::course
