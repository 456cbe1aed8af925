#include <embark/learners/collab_learner.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_collab_learner(const Lab& lab) {
    auto dls = movielens_batches(lab);

    auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}}, {.metrics = {rmse()}});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    Result result;
    result.training(learn.records());
    result.check({"the final valid loss is as low as the course book's", Relation::as_low,
                  learn.records().last("valid_loss"), 0.8217, "the course book"});
    return result;
}

const Experiment kCollabLearner = {
    .name = "collab-learner",
    .title = "The same in one line: collab_learner",
    .notes =
        "The library's own learner makes the model with biases and the range by itself. The notes print no "
        "losses; the course book ends at 0.8217.",
    .settings =
        "ML-100k, collab_learner with 50 factors and range (0, 5.5), batches of 64, 5 epochs of one-cycle at "
        "5e-3, wd 0.1",
    .conclusion =
        "One line makes the model, the loss and the range that the experiments above made by hand, and "
        "trains to the same loss.",
    .to_try = "Change n_factors to 20 or 100, or leave y_range out.",
    .run = run_collab_learner};

}  // namespace embark::course
