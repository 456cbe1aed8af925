#include <torch/torch.h>

#include <embark/learners/learner.h>
#include <embark/modules/layers.h>

#include "cold_start.h"

// The strategies of cold_start.cpp. Each gives predictions (new, others).
namespace embark::course {

namespace {

constexpr int64_t kAnswers = 10;
/// So many ratings of average size are added to every mean, so that one rating alone does not make a favourite.
constexpr double kDamping = 5;

/// The new ones, with ratings enough to ask about some and to predict the rest.
struct Newcomers {
    at::Tensor places;    // among these
    at::Tensor ratings;   // (new, others), NaN where it is missing
    at::Tensor answered;  // (new, others) bool
    at::Tensor to_predict;
};

Newcomers newcomers_of(const Lab& lab, const ColdSide& side) {
    at::Tensor ratings = side.ratings.masked_fill(side.other_is_new.unsqueeze(0), NAN);
    const at::Tensor enough = ratings.isfinite().sum(1) >= lab.size(2 * kAnswers, kAnswers + 2);
    const at::Tensor places = side.is_new.logical_and(enough).nonzero().squeeze(1);
    // What most have an opinion of is asked first, as far as it is known to this one.
    const at::Tensor popularity = ratings.isfinite().to(torch::kFloat).sum(0, true);
    ratings = ratings.index_select(0, places);
    const at::Tensor known = ratings.isfinite();
    const at::Tensor asked = std::get<1>(torch::where(known, popularity, -1.0f).topk(kAnswers, 1));
    const at::Tensor answered = torch::zeros_like(known).scatter_(1, asked, true).logical_and(known);
    return {places, ratings, answered, known.logical_and(answered.logical_not())};
}

at::Tensor predict(const Factors& these, const Factors& others) {
    return sigmoid_range(
        these.vectors.mm(others.vectors.t()) + these.bias.reshape({-1, 1}) + others.bias.reshape({1, -1}), {0, 5.5});
}

/// The share of ten recommended ones that were rated 4 or more; answered ones are not recommended.
Strategy measured(std::string name, const Newcomers& newcomers, const ColdSide& side, const at::Tensor& predicted) {
    const at::Tensor errors = (predicted - newcomers.ratings).masked_select(newcomers.to_predict);
    const at::Tensor excluded = newcomers.answered.logical_or(side.other_is_new.unsqueeze(0));
    at::Tensor scores = predicted.masked_fill(excluded, -1);
    scores.select(1, 0).fill_(-1);  // #na#
    const at::Tensor best = std::get<1>(scores.topk(10, 1));
    const at::Tensor hits = newcomers.ratings.gather(1, best) >= 4;
    return {std::move(name), errors.square().mean().sqrt().item<double>(),
            hits.to(torch::kDouble).mean().item<double>()};
}

/// Known ratings of the training part, 0 where it is missing, and where there is one.
std::pair<at::Tensor, at::Tensor> known_ratings(const ColdSide& side) {
    const at::Tensor hidden = side.is_new.unsqueeze(1).logical_or(side.other_is_new.unsqueeze(0));
    const at::Tensor known = side.ratings.isfinite().logical_and(hidden.logical_not());
    return {torch::where(known, side.ratings, 0.0f), known.to(torch::kFloat)};
}

/// How much above its mean a newcomer rates the genres that were asked about, put on top of the others' means.
at::Tensor by_genres(const Newcomers& newcomers, const ColdSide& side, const at::Tensor& popular) {
    const at::Tensor above = torch::where(newcomers.answered, newcomers.ratings - popular, 0.0f);
    const at::Tensor& genres = side.other_genres;
    const at::Tensor counts = newcomers.answered.to(torch::kFloat).mm(genres);
    const at::Tensor liking = above.mm(genres) / (counts + 2);
    return popular + liking.mm(genres.t()) / genres.sum(1).clamp_min(1).unsqueeze(0);
}

/// How much above their mean the others rate films of a newcomer's genres.
at::Tensor by_others_genres(const Newcomers& newcomers, const ColdSide& side, const at::Tensor& popular) {
    const auto [sums, known] = known_ratings(side);
    const at::Tensor genres = side.features.slice(1, 1);
    const at::Tensor above = sums - known * popular;
    const at::Tensor liking = genres.t().mm(above) / (genres.t().mm(known) + kDamping);  // (genres, others)
    const at::Tensor own = genres.index_select(0, newcomers.places);
    return popular + own.mm(liking) / own.sum(1, true).clamp_min(1);
}

/// The mean embedding of the twenty known ones whose metadata are nearest.
Factors nearest_by_metadata(const Lab& lab, const Newcomers& newcomers, const ColdSide& side, const at::Tensor& known) {
    const at::Tensor distances =
        torch::cdist(side.features.index_select(0, newcomers.places), side.features.index_select(0, known));
    const at::Tensor nearest = known.index({std::get<1>(distances.topk(lab.size(20, 5), 1, /*largest=*/false))});
    return {side.factors.vectors.index({nearest}).mean(1), side.factors.bias.reshape({-1}).index({nearest}).mean(1)};
}

/// The bootstrapping question's separate model: from metadata to the embedding, bias and all.
Factors model_of_embeddings(const Lab& lab, const Newcomers& newcomers, const ColdSide& side, const at::Tensor& known) {
    const at::Tensor embedding = torch::cat({side.factors.vectors, side.factors.bias.reshape({-1, 1})}, 1);
    torch::nn::Sequential model(torch::nn::Linear(side.features.size(1), 32), torch::nn::ReLU(),
                                torch::nn::Dropout(0.2), torch::nn::Linear(32, embedding.size(1)));
    const auto dls = DataLoaders::from_tensors(
        {.inputs = {side.features.index_select(0, known)}, .targets = {embedding.index_select(0, known)}},
        {.batch_size = 32, .seed = lab.seed});
    Learner learn(dls, model, {.loss = mse_loss_flat(), .progress = false});
    learn.fit_one_cycle(lab.epochs(30), 5e-3, {.weight_decay = 0.1});
    const at::Tensor found = learn.predict({side.features.index_select(0, newcomers.places)});
    return {found.slice(1, 0, -1), found.select(1, -1)};
}

/// The embedding that fits the ten answers best, without going far from `start`.
Factors fit_answers(const Lab& lab, const Newcomers& newcomers, const ColdSide& side, const Factors& start) {
    const Factors fitted{start.vectors.clone().requires_grad_(), start.bias.clone().requires_grad_()};
    torch::optim::Adam optimizer({fitted.vectors, fitted.bias}, torch::optim::AdamOptions(0.02));
    for (int64_t i = 0; i < lab.size(150, 5); ++i) {
        const at::Tensor errors =
            (predict(fitted, side.other_factors) - newcomers.ratings).masked_select(newcomers.answered);
        const at::Tensor moved =
            (fitted.vectors - start.vectors).square().sum() + (fitted.bias - start.bias).square().sum();
        optimizer.zero_grad();
        (errors.square().sum() + 10 * moved).backward();
        optimizer.step();
    }
    return {fitted.vectors.detach(), fitted.bias.detach()};
}

/// What a model that adds up what was rated says of the newcomers by their answers.
at::Tensor by_sums(const Newcomers& newcomers, const ColdSide& side) {
    std::vector<at::Tensor> predicted;
    for (int64_t i = 0; i < newcomers.places.numel(); ++i) {
        const at::Tensor others = newcomers.answered[i].nonzero().squeeze(1);
        predicted.push_back(side.predict_known(others, newcomers.ratings[i].index_select(0, others)));
    }
    return torch::stack(predicted);
}

}  // namespace

std::vector<Strategy> compare_strategies(const Lab& lab, const ColdSide& side) {
    const Newcomers newcomers = newcomers_of(lab, side);
    const auto [sums, count] = known_ratings(side);
    const at::Tensor mean = sums.sum() / count.sum();
    const at::Tensor popular = (sums.sum(0, true) + kDamping * mean) / (count.sum(0, true) + kDamping);
    const at::Tensor known = count.sum(1).gt(0).nonzero().squeeze(1);

    std::vector<Strategy> found;
    const auto add = [&](const std::string& name, const at::Tensor& predicted) {
        found.push_back(measured(name, newcomers, side, predicted));
    };
    add("mean of all ratings", mean.expand_as(newcomers.ratings));
    add("popular", popular.expand_as(newcomers.ratings));
    add("nearest by metadata", predict(nearest_by_metadata(lab, newcomers, side, known), side.other_factors));
    add("content, by genre",
        side.other_genres.defined() ? by_genres(newcomers, side, popular) : by_others_genres(newcomers, side, popular));
    const Factors bootstrapped = model_of_embeddings(lab, newcomers, side, known);
    add("model of embeddings", predict(bootstrapped, side.other_factors));
    add("ten answers", predict(fit_answers(lab, newcomers, side, bootstrapped), side.other_factors));
    if (side.predict_known) add("ten answers, sums of what was rated", by_sums(newcomers, side));
    return found;
}

}  // namespace embark::course
