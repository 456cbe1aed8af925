#include "cold_start.h"

#include <cmath>

#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/data/tabular/vocabulary_columns.h>
#include <embark/learners/collab_recipe.h>
#include <embark/modules/factorization_model.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

namespace {

/// Which of a vocabulary's numbers are new: a random seventh, but not `#na#`.
at::Tensor draw_new(int64_t n) {
    at::Tensor is_new = torch::rand({n}) < 1.0 / 7;
    is_new[0] = false;
    return is_new;
}

/// Features of users or films by the vocabulary's numbers: zero for those that the table does not have.
at::Tensor by_number(const Vocabulary& names, const Table& table, const std::string& column,
                     const at::Tensor& features) {
    at::Tensor result = torch::zeros({names.size(), features.size(1)});
    result.index_put_({encode_column(names, table, column)}, features);
    result[0].zero_();
    return result;
}

at::Tensor user_features(const Table& users) {
    const auto one_hot = [&](const std::string& column) {
        const Vocabulary names = fit_vocabulary(users, column, torch::arange(users.rows()));
        return torch::one_hot(encode_column(names, users, column), names.size()).to(torch::kFloat);
    };
    const at::Tensor age = ((users.numbers("age") - 34) / 12).to(torch::kFloat).unsqueeze(1);
    return torch::cat({age, one_hot("gender"), one_hot("occupation")}, 1);
}

at::Tensor film_features(const Table& films) {
    std::vector<at::Tensor> columns = {((films.numbers("year") - 1990) / 10).nan_to_num(0)};
    for (const std::string& genre : genre_names()) columns.push_back(films.numbers(genre));
    return torch::stack(columns, 1).to(torch::kFloat);
}

Grid grid_of_strategies(const std::string& title, const std::vector<Strategy>& strategies) {
    Grid grid{title, "strategy", {}, {{"rmse"}, {"hit rate"}}};
    for (const Strategy& strategy : strategies) {
        grid.rows.push_back(strategy.name);
        grid.columns[0].values.push_back(strategy.rmse);
        grid.columns[1].values.push_back(strategy.hit_rate);
    }
    return grid;
}

void check(Result& result, const std::string& who, const std::vector<Strategy>& strategies) {
    const auto rmse_of = [&](const std::string& name) {
        for (const Strategy& strategy : strategies) {
            if (strategy.name == name) return strategy.rmse;
        }
        fail("There is no strategy ", name);
    };
    result.check({who + ": an embedding predicted from metadata is better than the mean of all ratings",
                  Relation::below, rmse_of("model of embeddings"), rmse_of("mean of all ratings"),
                  "the mean of all ratings"});
    result.check({who + ": a few answers are better than what is popular", Relation::below, rmse_of("ten answers"),
                  rmse_of("popular"), "popular"});
}

/// The number that each of `all` has in `known`.
at::Tensor numbers_in(const Vocabulary& known, const Vocabulary& all) {
    at::Tensor numbers = torch::zeros({all.size()}, torch::kLong);
    for (int64_t i = 1; i < all.size(); ++i) numbers[i] = known.index(all.name(i));
    return numbers;
}

/// A model of the preset best for users whom it did not see, by numbers of all films.
std::function<at::Tensor(const at::Tensor&, const at::Tensor&)> known_by_ratings(const Lab& lab, const Table& train,
                                                                                 const Vocabulary& films) {
    const auto dls = CollabDataLoaders::from_table(
        train, {.item_name = "title", .batch_size = collab_batch_size("best", train.rows()), .seed = lab.seed});
    CollabRecipe recipe = best_collab_recipe(dls);
    recipe.n_epoch = lab.epochs(recipe.n_epoch);
    if (lab.quick) recipe.min_steps = 0;
    auto learn = std::make_shared<CollabLearner>(collab_learner(dls, recipe.model, recipe.learner));
    fit_recipe(*learn, recipe);
    return [learn, numbers = numbers_in(dls.items(), films)](const at::Tensor& rated, const at::Tensor& ratings) {
        auto& model = dynamic_cast<FactorizationModelImpl&>(learn->model().module());
        return model.new_user_predictions(numbers.index_select(0, rated), ratings.to(torch::kDouble))
            .index_select(0, numbers)
            .to(torch::kFloat);
    };
}

Result run_cold_start(const Lab& lab) {
    const Table ratings = movielens(lab);
    const Vocabulary users = fit_vocabulary(ratings, "user", torch::arange(ratings.rows()));
    const Vocabulary films = fit_vocabulary(ratings, "title", torch::arange(ratings.rows()));
    const at::Tensor user = encode_column(users, ratings, "user"), film = encode_column(films, ratings, "title");
    const at::Tensor new_user = draw_new(users.size()), new_film = draw_new(films.size());

    // The model never sees the new users and films.
    const at::Tensor held_out = new_user.index_select(0, user).logical_or(new_film.index_select(0, film));
    const Table train = ratings.take(held_out.logical_not().nonzero().squeeze(1));
    auto dls = CollabDataLoaders::from_table(train, {.item_name = "title", .seed = lab.seed});
    auto learn = collab_learner(dls, {.n_factors = 20, .y_range = {0, 5.5}});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    // All ratings as a table with holes, users down; factors under the same numbers.
    at::Tensor table = torch::full({users.size(), films.size()}, NAN);
    table.index_put_({user, film}, ratings.numbers("rating").to(torch::kFloat));
    const auto factors = [](const Vocabulary& all, const Vocabulary& known, const at::Tensor& vectors,
                            const at::Tensor& bias) {
        const at::Tensor numbers = numbers_in(known, all);
        return Factors{vectors.index_select(0, numbers), bias.index_select(0, numbers)};
    };
    const Factors of_users = factors(users, dls.users(), learn.user_factors(), learn.user_bias());
    const Factors of_films = factors(films, dls.items(), learn.item_factors(), learn.item_bias());
    const Table user_table = movielens_users(lab), film_table = movielens_films(lab);
    const at::Tensor about_users = by_number(users, user_table, "user", user_features(user_table));
    const at::Tensor about_films = by_number(films, film_table, "title", film_features(film_table));

    Result result;
    const ColdSide new_users{table, new_user, new_film, of_users, of_films, about_users, about_films.slice(1, 1),
                             known_by_ratings(lab, train, films)};
    const auto for_users = compare_strategies(lab, new_users);
    result.grids.push_back(grid_of_strategies("New users", for_users));
    check(result, "new users", for_users);
    result.check({"new users: known by what they rated, without training, is better than what is popular",
                  Relation::below, for_users.back().rmse, for_users[1].rmse, "popular"});
    const ColdSide new_films{table.t().contiguous(), new_film, new_user, of_films, of_users, about_films, {}};
    const auto for_films = compare_strategies(lab, new_films);
    result.grids.push_back(grid_of_strategies("New films", for_films));
    check(result, "new films", for_films);
    return result;
}

}  // namespace

const Experiment kColdStart = {
    .name = "cold-start",
    .title = "A user and a film that nobody knows yet",
    .notes =
        "The notes list ways out: popular items, people of the same age, sex and work, content like that of what "
        "is liked, a model that predicts the embedding from metadata (the bootstrapping question), and a few "
        "questions to answer. Here a seventh of the users and of the films are kept from training, and each way "
        "predicts their ratings.",
    .settings =
        "ML-100k, collab_learner with 20 factors; rmse over the new ones' ratings, but for ten that are "
        "answers to questions; hit rate: share of ten recommended that were rated 4 or 5",
    .conclusion =
        "Without any rating, what is popular is a strong answer and metadata add to the mean of all "
        "ratings. A few answers to questions are worth more than being shown what is popular.",
    .to_try = "Ask 3 questions, or 20 (kAnswers).",
    .run = run_cold_start,
    .more_sources = {"cold_start_strategies.cpp"}};

}  // namespace embark::course
