#include <embark/learners/tabular_learner.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_adult(const Lab& lab) {
    const Table people = adult(lab);
    // FillMissing, Categorify and Normalize are what TabularDataLoaders do unless told otherwise.
    const auto train = [&](const Splitter& splitter) {
        set_seed(lab.seed);
        auto dls = TabularDataLoaders::from_table(
            people, {.y_names = {"salary"}, .splitter = splitter, .batch_size = 64, .seed = lab.seed});
        auto learn = tabular_learner(dls, {.layers = {200, 100}}, {.metrics = {accuracy(), roc_auc()}});
        learn.fit_one_cycle(lab.epochs(3));
        return learn;
    };
    // A contiguous slice, so that nothing is learned from a row's neighbours; and a random fifth.
    const auto random = train(random_splitter(0.2, lab.seed));
    const auto slice = train(slice_splitter(people.rows() / 2, people.rows() / 2 + people.rows() / 5));

    Result result;
    result.training(random.records(), {}, {}, "Random 80/20 split");
    result.training(slice.records(), {}, {}, "Contiguous validation slice");
    result.check({"accuracy on the random split is as high as fastai's", Relation::as_high,
                  random.records().last("accuracy"), 0.850, "fastai 2.8.12", 0.005});
    result.check({"AUC on the random split is as high as fastai's", Relation::as_high, random.records().last("roc_auc"),
                  0.905, "fastai 2.8.12", 0.005});
    result.check({"accuracy on the contiguous slice is as high as on the random split", Relation::as_high,
                  slice.records().last("accuracy"), random.records().last("accuracy"), "the random split"});
    return result;
}

const Experiment kAdult = {
    .name = "adult",
    .title = "The tabular lesson: who earns more than 50,000 a year",
    .notes =
        "Missing values are filled, categories become embeddings and numbers are normalised, in one network of "
        "two layers. The validation part is a contiguous slice, so that nothing is learned from neighbours. The "
        "notes print no figures.",
    .settings =
        "Adult census, layers 200 and 100, batches of 64, 3 epochs of one-cycle at 1e-3; a random fifth, and "
        "a contiguous one",
    .conclusion =
        "Filled, embedded and normalised by the library, a table trains in one line. The contiguous slice "
        "is as good as the random one here, since neighbouring rows say nothing of one another.",
    .to_try = "Set layers to {1000, 500}, or add .numbers = {.kind = NumberEmbeddingKind::periodic}.",
    .run = run_adult};

}  // namespace embark::course
