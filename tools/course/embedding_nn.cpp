#include <embark/learners/collab_learner.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_embedding_nn(const Lab& lab) {
    auto dls = movielens_batches(lab);

    auto learn = collab_learner(dls, {.y_range = {0, 5.5}, .use_nn = true, .layers = {100, 50}});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    Result result;
    result.training(learn.records());
    result.check({"the final valid loss is as low as the course book's", Relation::as_low,
                  learn.records().last("valid_loss"), 0.8618, "the course book"});
    return result;
}

const Experiment kEmbeddingNN = {
    .name = "embedding-nn",
    .title = "The library's network: collab_learner with use_nn",
    .notes =
        "An EmbeddingNN, which is a tabular model of two categories; into it more columns can go. The notes "
        "print no losses; the course book ends at 0.8618.",
    .settings =
        "ML-100k, collab_learner with use_nn, layers 100 and 50, range (0, 5.5), batches of 64, 5 epochs of "
        "one-cycle at 5e-3, wd 0.1",
    .conclusion =
        "On ratings alone the network is not better than the dot product with biases. Its strength is that "
        "other columns can go in: see metadata.",
    .to_try = "Set layers to {200, 100}, or one layer of 50.",
    .run = run_embedding_nn};

}  // namespace embark::course
