#include <torch/torch.h>

#include <embark/core/text.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/insight/pca.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_pca(const Lab& lab) {
    auto dls = movielens_batches(lab);
    auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    // The most rated titles: g = ratings.groupby('title')['rating'].count()
    const at::Tensor items = dls.train().data().inputs.front().select(1, 1);
    const at::Tensor counts = torch::bincount(items, {}, dls.items().size());
    const at::Tensor top = counts.argsort(0, /*descending=*/true).narrow(0, 0, lab.size(1000, 40));
    const at::Tensor factors = learn.item_factors().index_select(0, top);
    const PrincipalComponents found = pca(factors, 3);

    Result result;
    const auto titles = dls.items().decode(top);
    for (int64_t c = 0; c < 3; ++c) {
        const at::Tensor order = found.projected.select(1, c).argsort();
        const auto ends = [&](int64_t from) {
            return join(dls.items().decode(top.index_select(0, order.narrow(0, from, 4))), "; ");
        };
        result.step(concat("Component ", c + 1), "low:  " + ends(0) + "\nhigh: " + ends(order.size(0) - 4) + "\n");
    }
    // As many as can be read: the first 25, along the first and the third component, as the book draws them.
    const int64_t shown = std::min<int64_t>(25, top.size(0));
    const at::Tensor points =
        torch::stack({found.projected.select(1, 0), found.projected.select(1, 2)}, 1).narrow(0, 0, shown);
    result.plot(plot_scatter(points, {titles.begin(), titles.begin() + shown},
                             {.title = "Most rated films", .x_title = "component 1", .y_title = "component 3"}));
    const at::Tensor share = found.explained_variance_ratio;
    result.grids.push_back({"Share of the variance",
                            "component",
                            {"1", "2", "3"},
                            {{"share", {share[0].item<double>(), share[1].item<double>(), share[2].item<double>()}}}});
    result.check({"three of 50 directions hold more than their part", Relation::above, share.sum().item<double>(),
                  3.0 / 50, "3 of 50"});
    return result;
}

const Experiment kPca = {
    .name = "pca",
    .title = "Film factors reduced to three principal components",
    .notes =
        "Latent factors are hard to read; the directions along which films differ most can be looked at, and "
        "seem to tell blockbusters from independent cinema, old from new. The notes show a picture.",
    .settings =
        "ML-100k, collab_learner as in collab-learner; factors of the 1000 most rated titles, 3 components, "
        "50 titles drawn",
    .conclusion = "Nobody told the model what a film is, yet the main directions of its factors can be read.",
    .to_try = "Draw components 1 and 2, or only films of one genre.",
    .run = run_pca};

}  // namespace embark::course
