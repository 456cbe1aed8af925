#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_weight_decay(const Lab& lab) {
    auto dls = movielens_batches(lab);
    const auto n_users = dls.users().size(), n_movies = dls.items().size();

    DotProductBias model(
        DotProductOptions{.n_users = n_users, .n_items = n_movies, .n_factors = 50, .y_range = {0, 5.5}});
    Learner learn(dls, model, {.loss = mse_loss_flat()});
    learn.fit_one_cycle(lab.epochs(6), 5e-3, {.weight_decay = 0.1});

    Result result;
    result.training(learn.records(), {0.956055, 0.862013, 0.752882, 0.634449, 0.495202, 0.413568},
                    {0.957230, 0.887571, 0.844432, 0.829812, 0.828099, 0.829460}, "With wd 0.1");
    result.check({"final valid loss", Relation::as_low, learn.records().last("valid_loss"), 0.829460});

    // The same again without it, as dot-product-bias does, to see what it is worth.
    set_seed(lab.seed);
    DotProductBias plain(
        DotProductOptions{.n_users = n_users, .n_items = n_movies, .n_factors = 50, .y_range = {0, 5.5}});
    Learner without(dls, plain, {.loss = mse_loss_flat()});
    without.fit_one_cycle(lab.epochs(6), 5e-3);
    result.training(without.records(), {}, {}, "The same without it (wd 0.01)");
    result.check({"the final valid loss is lower than without weight decay", Relation::below,
                  learn.records().last("valid_loss"), without.records().last("valid_loss"), "without"});
    result.check({"the training loss is higher than without weight decay", Relation::above,
                  learn.records().last("train_loss"), without.records().last("train_loss"), "without"});
    return result;
}

const Experiment kWeightDecay = {
    .name = "weight-decay",
    .title = "Weight decay against overfitting",
    .notes =
        "Large weights make sharp canyons in the loss. Adding the sum of their squares to it keeps them small: "
        "training loss goes up, validation loss goes down.",
    .settings =
        "ML-100k, DotProductBias with 50 factors and range (0, 5.5), batches of 64, 6 epochs of one-cycle at "
        "5e-3, wd 0.1",
    .conclusion =
        "Weight decay trades training loss for validation loss: the model fits the ratings it has seen "
        "worse, and new ones better.",
    .to_try = "Set weight_decay to 0.05, 0.2 and 1, and look for the lowest valid loss.",
    .run = run_weight_decay};

}  // namespace embark::course
