#include <torch/torch.h>

#include <embark/learners/learner.h>
#include <embark/modules/dot_product.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_lesson5_2018(const Lab& lab) {
    // cf = CollabFilterDataset.from_csv(path, 'ratings.csv', 'userId', 'movieId', 'rating')
    auto dls = CollabDataLoaders::from_table(
        latest_small(lab),
        {.user_name = "userId", .item_name = "movieId", .rating_name = "rating", .batch_size = 64, .seed = lab.seed});
    const auto& data = dls.collab();

    // learn = cf.get_learner(n_factors, val_idxs, 64, opt_fn=optim.Adam): the range is that of the ratings. torch's
    // Adam has other constants than fastai's and adds wd·p to the gradients, which is L2.
    DotProductBias model(DotProductOptions{.n_users = dls.users().size(),
                                           .n_items = dls.items().size(),
                                           .n_factors = 50,
                                           .y_range = {data.rating_min, data.rating_max}});
    Learner learn(dls, model,
                  {.loss = mse_loss_flat(),
                   .optimizer = adam({.sqr_momentum = 0.999, .eps = 1e-8, .decouple_wd = false}),
                   .metrics = {rmse()}});
    // learn.fit(1e-2, 2, wds=2e-4, cycle_len=1, cycle_mult=2): 1 + 2 epochs
    learn.fit_sgdr(2, 1, 1e-2, {.cycle_mult = 2, .slow_start = true, .fit = {.weight_decay = 2e-4}});

    Result result;
    result.training(learn.records());
    const at::Tensor ratings = dls.valid().data().targets.front();
    const at::Tensor mean = dls.train().data().targets.front().mean();
    const double plain = (ratings - mean).square().mean().sqrt().item<double>();
    result.check({"the final valid RMSE is below that of the mean rating", Relation::below,
                  learn.records().last("rmse"), plain, "predicting the mean rating"});
    return result;
}

const Experiment kLesson52018 = {
    .name = "lesson5-2018",
    .title = "The course of 2018: CollabFilterDataset and cosine restarts",
    .notes =
        "The same model by the API of 2018: ratings from one CSV file, random validation rows, torch's Adam with "
        "L2 weight decay, and two cycles of a cosine with a warm restart. The notes print no losses.",
    .settings =
        "ML-latest-small, 50 factors, batches of 64, torch Adam, L2 wd 2e-4, fit(1e-2, 2, cycle_len=1, "
        "cycle_mult=2)",
    .conclusion =
        "Another API, the same model. A warm restart raises the learning rate again, and the next cycle is "
        "twice as long.",
    .to_try = "Train one cycle of 3 epochs with fit_one_cycle, and compare the RMSE.",
    .run = run_lesson5_2018};

}  // namespace embark::course
