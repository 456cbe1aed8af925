#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_dot_product(const Lab& lab) {
    auto dls = movielens_batches(lab);
    const auto n_users = dls.users().size(), n_movies = dls.items().size();

    DotProduct model(DotProductOptions{.n_users = n_users, .n_items = n_movies, .n_factors = 50});
    Learner learn(dls, model, {.loss = mse_loss_flat()});
    learn.fit_one_cycle(lab.epochs(5), 5e-3);

    Result result;
    result.training(learn.records(), {1.344786, 1.093332, 0.958258, 0.814234, 0.780714},
                    {1.279100, 1.109981, 0.990199, 0.894916, 0.882022});
    result.check({"final valid loss", Relation::as_low, learn.records().last("valid_loss"), 0.882022});
    return result;
}

const Experiment kDotProduct = {
    .name = "dot-product",
    .title = "Matrix factorisation from scratch: the dot product of user and film factors",
    .notes =
        "Each user and each film is a row of an embedding, 50 numbers that begin at random; a rating is "
        "predicted as the dot product of the two rows, and the rows are trained by gradient descent.",
    .settings =
        "ML-100k, DotProduct with 50 factors, no range, batches of 64, 5 epochs of one-cycle at 5e-3, wd 0.01 "
        "(Adam's own)",
    .conclusion =
        "Fifty numbers for each user and film, found from ratings alone, predict better than the mean "
        "rating, whose valid loss is about 1.27.",
    .to_try = "Change n_factors to 5 or 200, or the learning rate to 5e-4, and compare the last valid loss.",
    .run = run_dot_product};

}  // namespace embark::course
