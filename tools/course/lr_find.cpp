#include <cmath>

#include <embark/core/error.h>
#include <embark/learners/learner.h>
#include <embark/learners/plot_lr_find.h>
#include <embark/modules/dot_product.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_lr_find(const Lab& lab) {
    auto dls = movielens_batches(lab);
    const auto n_users = dls.users().size(), n_movies = dls.items().size();

    // In the notes the finder's cell stands after the training of the plain dot product, and before the one with a
    // range: it is that trained learner's curve.
    DotProduct model(DotProductOptions{.n_users = n_users, .n_items = n_movies, .n_factors = 50});
    Learner learn(dls, model, {.loss = mse_loss_flat()});
    learn.fit_one_cycle(lab.epochs(5), 5e-3);
    const LrFind found = learn.lr_find({.show = false});
    require(found.valley.lr.has_value(), "lr_find suggests no valley: ", found.valley.reason);

    const auto figure = [](const LrSuggestion& suggestion) { return suggestion.lr.value_or(NAN); };
    Result result;
    result.grids.push_back({"Suggestions",
                            "suggestion",
                            {"valley", "slide", "minimum", "steep"},
                            {{"learning rate",
                              {figure(found.valley), figure(found.slide), figure(found.minimum), figure(found.steep)},
                              {0.0002754228771664202, NAN, NAN, NAN}}}});
    result.plot(plot_lr_find(found));
    result.check(
        {"valley", Relation::factor, *found.valley.lr, 0.0002754228771664202, "the notes, within a factor of 4", 4});
    return result;
}

const Experiment kLrFind = {
    .name = "lr-find",
    .title = "The learning-rate finder on the trained dot product",
    .notes =
        "Rates from tiny to huge are tried on a hundred batches; the suggestion lies in the valley of the curve "
        "of losses, before they explode.",
    .settings =
        "ML-100k, the learner of dot-product after its 5 epochs, batches of 64, up to 100 batches from 1e-7 "
        "to 10",
    .conclusion =
        "The valley is a rate at which the loss falls steadily. It is a starting point, not an optimum: the "
        "notes train at 5e-3 before this cell and at 5e-4 after it.",
    .to_try = "Run lr_find before the training instead of after it, and compare the valleys.",
    .run = run_lr_find};

}  // namespace embark::course
