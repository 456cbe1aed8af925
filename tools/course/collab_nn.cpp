#include <embark/learners/learner.h>
#include <embark/modules/collab_nn.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_collab_nn(const Lab& lab) {
    auto dls = movielens_batches(lab);
    const auto n_users = dls.users().size(), n_movies = dls.items().size();

    // Users and films may have different numbers of factors now: 74 and 102 by fastai's rule.
    CollabNN model(CollabNNOptions{.n_users = n_users,
                                   .n_items = n_movies,
                                   .user_width = embedding_width(n_users),
                                   .item_width = embedding_width(n_movies),
                                   .n_act = 100,
                                   .y_range = {0, 5.5}});
    Learner learn(dls, model, {.loss = mse_loss_flat(), .metrics = {rmse()}});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.01});

    Result result;
    result.training(learn.records());
    const auto ratings = dls.valid().data().targets.front();
    const auto mean = dls.train().data().targets.front().mean();
    result.check({"the final valid loss is below that of the mean rating", Relation::below,
                  learn.records().last("valid_loss"), (ratings - mean).square().mean().item<double>(),
                  "predicting the mean rating"});
    return result;
}

const Experiment kCollabNN = {
    .name = "collab-nn",
    .title = "A neural network in place of the dot product",
    .notes =
        "The two embeddings are put side by side and go through a linear layer, a ReLU and a second linear "
        "layer. (The notes' print lost the concatenation and the ReLU.) No figures are given.",
    .settings =
        "ML-100k, CollabNN with embeddings sized by the rule and 100 activations, range (0, 5.5), batches of "
        "64, 5 epochs of one-cycle at 5e-3, wd 0.01",
    .conclusion =
        "A network learns how two embeddings belong together instead of multiplying them, so their widths "
        "may differ.",
    .to_try = "Set n_act to 10 or 500, or the widths to 20 each.",
    .run = run_collab_nn};

}  // namespace embark::course
