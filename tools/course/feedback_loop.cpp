#include <torch/torch.h>

#include <embark/data/tabular/vocabulary_columns.h>
#include <embark/learners/collab_learner.h>
#include <embark/modules/dot_product.h>
#include <embark/modules/layers.h>
#include <embark/plots/charts.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

namespace {

constexpr int64_t kShown = 10;  // films that each user is shown in a round

/// A made world with real tastes: what every user thinks of every film, as a model of all real ratings says.
struct World {
    at::Tensor tastes = {};       // (users, films) ratings, row and column 0 of nobody and nothing
    at::Tensor enthusiasts = {};  // (users) bool: they watch their genre alone, always rate it, and always 5
    at::Tensor genre = {};        // (films) bool
    TensorDataset ratings = {};   // what is known at first
};

World make_world(const Lab& lab, bool with_enthusiasts) {
    const auto dls = movielens_batches(lab);
    auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}}, {.progress = false});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});
    World world{.tastes = sigmoid_range(learn.user_factors().mm(learn.item_factors().t()) +
                                            learn.user_bias().reshape({-1, 1}) + learn.item_bias().reshape({1, -1}),
                                        {0, 5.5})};
    const Table films = movielens_films(lab);
    world.genre = torch::zeros({dls.items().size()}, torch::kBool);
    world.genre.index_put_({encode_column(dls.items(), films, "title")}, films.numbers("Animation") > 0);
    world.genre[0] = false;
    world.enthusiasts =
        with_enthusiasts ? torch::rand({dls.users().size()}) < 0.05 : torch::zeros({dls.users().size()}, torch::kBool);
    // A fifth of the training ratings is what the recommender begins with.
    const Batch& known = dls.train().data();
    world.ratings = known.take(torch::randperm(known.size()).narrow(0, 0, known.size() / 5));
    return world;
}

/// What every user is predicted to think of every film, after training anew on `ratings`.
at::Tensor retrain(const Lab& lab, const World& world, const TensorDataset& ratings) {
    DotProductBias model(DotProductOptions{
        .n_users = world.tastes.size(0), .n_items = world.tastes.size(1), .n_factors = 20, .y_range = {0, 5.5}});
    const DataLoaders dls(DataLoader(ratings, {.batch_size = 128, .shuffle = true, .seed = lab.seed}), {});
    Learner learn(dls, model, {.loss = mse_loss_flat(), .progress = false});
    learn.fit_one_cycle(lab.epochs(4), 1e-2, {.weight_decay = 0.1});
    torch::NoGradGuard no_grad;
    return sigmoid_range(model->user_factors->weight.mm(model->item_factors->weight.t()) + model->user_bias->weight +
                             model->item_bias->weight.t(),
                         {0, 5.5});
}

/// The films shown to each user: the best that they have not seen, or with `exploration` any of these in its place.
at::Tensor show_films(const at::Tensor& predicted, const at::Tensor& seen, double exploration) {
    const at::Tensor best = std::get<1>(predicted.masked_fill(seen, -1).topk(kShown, 1));
    const at::Tensor any = std::get<1>(torch::rand_like(predicted).masked_fill(seen, -1).topk(kShown, 1));
    return torch::where(torch::rand(best.sizes()) < exploration, any, best);
}

/// What users look at: what they are shown, but enthusiasts find films of their genre by themselves, again and again.
at::Tensor find_own(const World& world, const at::Tensor& shown) {
    const at::Tensor films = world.genre.nonzero().squeeze(1);
    const at::Tensor own = films.index_select(0, torch::randint(films.size(0), {shown.numel()})).reshape(shown.sizes());
    return torch::where(world.enthusiasts.unsqueeze(1), own, shown);
}

/// The ratings that come back: enthusiasts watch their genre alone and love it; others the more, the more they like it.
TensorDataset watch(const World& world, const at::Tensor& shown) {
    const at::Tensor user = torch::arange(shown.size(0)).unsqueeze(1).expand_as(shown).reshape(-1),
                     film = shown.reshape(-1);
    const at::Tensor liking = world.tastes.index({user, film});
    const at::Tensor keen = world.enthusiasts.index_select(0, user), loved = world.genre.index_select(0, film);
    const at::Tensor chance = torch::where(keen, loved.to(torch::kFloat), ((liking - 2) / 3).clamp(0, 1));
    const at::Tensor rating = torch::where(keen, 5.0f, (liking + 0.5 * torch::randn_like(liking)).round().clamp(1, 5));
    const at::Tensor watched = (torch::rand_like(liking) < chance).logical_and(user > 0).nonzero().squeeze(1);
    return TensorDataset{.inputs = {torch::stack({user, film}, 1)}, .targets = {rating.unsqueeze(1)}}.take(watched);
}

struct Exposure {
    std::vector<double> genre;          // share of the genre in what users who are no enthusiasts are shown
    std::vector<double> concentration;  // share of the fifty most shown films in all that was shown
};

Exposure simulate(const Lab& lab, bool with_enthusiasts, double exploration) {
    set_seed(lab.seed);
    const World world = make_world(lab, with_enthusiasts);
    TensorDataset ratings = world.ratings;
    Exposure exposure;
    for (int64_t round = 0; round < lab.size(8, 2); ++round) {
        at::Tensor seen = torch::zeros_like(world.tastes, torch::kBool);
        seen.index_put_({ratings.inputs[0].select(1, 0), ratings.inputs[0].select(1, 1)}, torch::tensor(true));
        seen.select(1, 0).fill_(true);  // #na# is no film
        const at::Tensor shown = show_films(retrain(lab, world, ratings), seen, exploration);

        const at::Tensor others = world.enthusiasts.logical_not().nonzero().squeeze(1);
        const at::Tensor to_others = world.genre.index({shown.index_select(0, others)});
        exposure.genre.push_back(to_others.to(torch::kDouble).mean().item<double>());
        const at::Tensor counts = torch::bincount(shown.flatten(), {}, world.tastes.size(1)).to(torch::kDouble);
        const at::Tensor most = std::get<0>(counts.topk(lab.size(50, 5)));
        exposure.concentration.push_back((most.sum() / counts.sum()).item<double>());

        const TensorDataset back = watch(world, find_own(world, shown));
        ratings = {.inputs = {torch::cat({ratings.inputs[0], back.inputs[0]})},
                   .targets = {torch::cat({ratings.targets[0], back.targets[0].to(torch::kFloat)})}};
    }
    return exposure;
}

double mean(const std::vector<double>& values) {
    return torch::tensor(values, torch::kDouble).mean().item<double>();
}

Result run_feedback_loop(const Lab& lab) {
    const Exposure without = simulate(lab, false, 0), with = simulate(lab, true, 0),
                   exploring = simulate(lab, true, 0.3);

    std::vector<double> rounds;
    Grid grid{"Share of Animation in what all others are shown, and of the 50 most shown films in all", "round", {}};
    for (size_t i = 0; i < with.genre.size(); ++i) {
        rounds.push_back(static_cast<double>(i + 1));
        grid.rows.push_back(std::to_string(i + 1));
    }
    grid.columns = {{"genre, no enthusiasts", without.genre},    {"genre, enthusiasts", with.genre},
                    {"genre, exploring", exploring.genre},       {"top 50, no enthusiasts", without.concentration},
                    {"top 50, enthusiasts", with.concentration}, {"top 50, exploring", exploring.concentration}};
    Result result;
    result.grids.push_back(std::move(grid));
    result.plot(plot_lines(
        rounds, {{"no enthusiasts", without.genre}, {"enthusiasts", with.genre}, {"with exploration", exploring.genre}},
        {.title = "Animation shown to all others", .x_title = "round", .y_title = "share of what is shown"}));
    result.plot(plot_lines(
        rounds,
        {{"no enthusiasts", without.concentration},
         {"enthusiasts", with.concentration},
         {"with exploration", exploring.concentration}},
        {.title = "Exposure of the 50 most shown films", .x_title = "round", .y_title = "share of what is shown"}));
    result.check({"others are shown more of the genre", Relation::above, mean(with.genre), mean(without.genre),
                  "without the enthusiasts"});
    result.check({"exploration spreads exposure", Relation::below, mean(exploring.concentration),
                  mean(with.concentration), "without exploration"});
    return result;
}

}  // namespace

const Experiment kFeedbackLoop = {
    .name = "feedback-loop",
    .title = "A recommender that learns from what it recommended",
    .notes =
        "A few who love anime, watch nothing else and rate all of it tune the recommender towards anime for "
        "everybody: a positive feedback loop. Simulated here with tastes learned from real ratings; what goes in "
        "is made, and the compared worlds differ in nothing but the enthusiasts, or the exploration.",
    .settings =
        "ML-100k tastes; 5 % enthusiasts of Animation; 8 rounds of 10 films a user, the model trained anew "
        "each round (20 factors, 4 epochs at 1e-2, wd 0.1); exploration 0.3",
    .conclusion =
        "A recommender learns from answers to what it showed itself. A few enthusiasts change what "
        "everybody is shown, and to show some films at random works against it.",
    .to_try = "Raise the exploration from 0.3, or let 20 % be enthusiasts.",
    .run = run_feedback_loop};

}  // namespace embark::course
