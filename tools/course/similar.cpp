#include <torch/torch.h>

#include <embark/core/text.h>
#include <embark/data/tabular/vocabulary_columns.h>
#include <embark/learners/collab_learner.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

namespace {

std::string with_scores(const std::vector<Scored>& nearest) {
    std::string text;
    for (const Scored& scored : nearest) text += format_number(scored.score, 3) + "  " + scored.name + "\n";
    return text;
}

/// Mean share of genres that a film has in common with each of its five nearest ones, and with five others.
std::pair<double, double> shared_genres(const Lab& lab, const CollabDataLoaders& dls, const CollabLearner& learn) {
    const Table films = movielens_films(lab);
    const at::Tensor of_item = encode_column(dls.items(), films, "title");
    at::Tensor genres = torch::zeros({dls.items().size(), int64_t(genre_names().size())});
    for (size_t g = 0; g < genre_names().size(); ++g) {
        genres.index_put_({of_item, torch::tensor(int64_t(g))}, films.numbers(genre_names()[g]).to(torch::kFloat));
    }
    const at::Tensor counts = torch::bincount(dls.train().data().inputs.front().select(1, 1), {}, dls.items().size());
    const at::Tensor top = counts.argsort(0, true).narrow(0, 0, lab.size(300, 40));
    const at::Tensor factors = torch::nn::functional::normalize(learn.item_factors().index_select(0, top),
                                                                torch::nn::functional::NormalizeFuncOptions().dim(1));
    const at::Tensor kinds = genres.index_select(0, top);
    const at::Tensor common = kinds.mm(kinds.t());
    const at::Tensor jaccard = common / (kinds.sum(1, true) + kinds.sum(1).unsqueeze(0) - common).clamp_min(1);
    const at::Tensor cosine = factors.mm(factors.t()).fill_diagonal_(-2);
    const at::Tensor nearest = std::get<1>(cosine.topk(5, 1));
    const double others =
        ((jaccard.sum() - jaccard.diagonal().sum()) / (jaccard.numel() - jaccard.size(0))).item<double>();
    return {jaccard.gather(1, nearest).mean().item<double>(), others};
}

Result run_similar(const Lab& lab) {
    auto dls = movielens_batches(lab);
    auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    Result result;
    for (const std::string title : {"Silence of the Lambs, The (1991)", "Star Wars (1977)"}) {
        if (dls.items().has(title)) result.step("Nearest to " + title, with_scores(learn.similar_items(title, 5)));
    }
    const std::string user = dls.users().name(1);
    result.step("Users nearest to user " + user, with_scores(learn.similar_users(user, 5)));

    const auto [near, others] = shared_genres(lab, dls, learn);
    result.grids.push_back({"Genres in common (shared by both / of either)",
                            "",
                            {"with the five nearest films", "with any other film"},
                            {{"share", {near, others}}}});
    result.check({"near films have more genres in common", Relation::above, near, others, "any two films"});
    return result;
}

}  // namespace

const Experiment kSimilar = {
    .name = "similar",
    .title = "Nearest films and users by their factors",
    .notes =
        "If two films are alike, those who like one like the other, so that their factors are alike; what is "
        "nearest by the cosine of factors is a film for the same people. The same goes for users.",
    .settings =
        "ML-100k, collab_learner as in collab-learner; genres in common of the 300 most rated films and their "
        "five nearest",
    .conclusion =
        "What is near in the factors is liked by the same people: near films share genres, which the model "
        "has never seen.",
    .to_try = "Take the dot product in place of the cosine, and see which films come first.",
    .run = run_similar};

}  // namespace embark::course
