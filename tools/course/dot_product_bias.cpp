#include <algorithm>

#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_dot_product_bias(const Lab& lab) {
    auto dls = movielens_batches(lab);
    const auto n_users = dls.users().size(), n_movies = dls.items().size();

    DotProductBias model(
        DotProductOptions{.n_users = n_users, .n_items = n_movies, .n_factors = 50, .y_range = {0, 5.5}});
    Learner learn(dls, model, {.loss = mse_loss_flat()});
    const Records& records = learn.fit_one_cycle(lab.epochs(5), 5e-3);

    Result result;
    result.training(records, {0.930319, 0.846721, 0.596207, 0.397392, 0.304442},
                    {0.935421, 0.863953, 0.867425, 0.889569, 0.896408});
    result.check({"final valid loss", Relation::as_low, records.last("valid_loss"), 0.896408});

    double best = records.epochs.front().valid_loss;
    for (const EpochRow& epoch : records.epochs) best = std::min(best, epoch.valid_loss);
    result.check({"best valid loss", Relation::as_low, best, 0.863953});
    result.check({"it overfits: the last valid loss is above the best by more than 0.01", Relation::above,
                  records.last("valid_loss"), best + 0.01, "the best epoch + 0.01"});
    return result;
}

const Experiment kDotProductBias = {
    .name = "dot-product-bias",
    .title = "Biases of users and films, and overfitting",
    .notes =
        "Some users rate everything high and some films are liked by all, so each gets a bias. Training loss "
        "falls on and on, but validation loss is best after two epochs and then rises: the model overfits.",
    .settings =
        "ML-100k, DotProductBias with 50 factors and range (0, 5.5), batches of 64, 5 epochs of one-cycle at "
        "5e-3, wd 0.01",
    .conclusion =
        "Biases bring the loss down at once, and let the model overfit. The validation loss, not the "
        "training loss, says when to stop.",
    .to_try = "Add save_model() or early_stopping() to the callbacks of the fit, or train for 2 epochs.",
    .run = run_dot_product_bias};

}  // namespace embark::course
