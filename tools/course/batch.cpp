#include <cstdlib>
#include <sstream>

#include <embark/core/error.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_batch(const Lab& lab) {
    auto dls = movielens_batches(lab);

    Result result;
    std::ostringstream shown;
    dls.show_batch(shown, 10);
    result.step("dls.show_batch()", shown.str());

    const Batch batch = dls.one_batch();
    const at::Tensor x = batch.inputs.front(), y = batch.targets.front();
    result.grids.push_back({"Shapes of one batch",
                            "",
                            {"x", "y"},
                            {{"rows", {double(x.size(0)), double(y.size(0))}, {64, 64}},
                             {"columns", {double(x.size(1)), double(y.size(1))}, {2, 1}}}});
    result.step("n_users, n_movies", concat(dls.users().size(), ", ", dls.items().size()));
    result.check({"x is 64 × 2 and y is 64 × 1", Relation::at_most,
                  double(std::abs(x.size(0) - 64) + std::abs(x.size(1) - 2) + std::abs(y.size(0) - 64) +
                         std::abs(y.size(1) - 1)),
                  0, "the notes", 0});
    return result;
}

const Experiment kBatch = {
    .name = "batch",
    .title = "What a batch looks like",
    .notes =
        "show_batch prints users, titles and ratings; a batch is x, the numbers of users and films, and y, the "
        "ratings.",
    .settings = "ML-100k, the title is the item, batches of 64",
    .conclusion =
        "The model sees indices, not names: x has two columns of them. The vocabularies of the DataLoaders "
        "turn names into indices and back.",
    .to_try = "Set batch_size to 256, and print dls.items().name(1).",
    .run = run_batch};

}  // namespace embark::course
