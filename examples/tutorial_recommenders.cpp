// The program of docs/tutorials/recommenders.md: ratings, new users, and rankings of what people took. It makes its own
// data.
#include <fstream>
#include <iostream>

#include <embark/embark.h>

using namespace embark;

/// 300 users rate about half of 60 films. Each likes two genres of four, whose films get 4 or 5 stars, others 1 to 3.
void write_films_and_ratings() {
    const std::vector<std::string> genres = {"Comedy", "Crime", "Drama", "Space"};
    std::ofstream films("films.csv"), ratings("ratings.csv");
    films << "film,genre\n";
    for (int film = 0; film < 60; ++film) {
        films << genres[film % 4] << ' ' << film / 4 << ',' << genres[film % 4] << '\n';
    }
    ratings << "user,film,rating\n";
    Random random(1);
    for (int user = 0; user < 300; ++user) {
        for (int film = 0; film < 60; ++film) {
            if (!random.chance(0.5)) continue;
            const bool liked = film % 4 == user % 4 || film % 4 == (user / 4) % 4;
            const auto rating = static_cast<int>(liked ? 4 + random.below(2) : 1 + random.below(3));
            ratings << "user " << user << ',' << genres[film % 4] << ' ' << film / 4 << ',' << rating << '\n';
        }
    }
}

void print(const std::string& title, const std::vector<Scored>& found) {
    std::cout << title << "\n";
    for (const auto& [name, score] : found) std::cout << "  " << name << "  " << format_number(score, 2) << "\n";
}

int main() try {
    write_films_and_ratings();

    set_seed(42);
    const Table ratings = read_csv("ratings.csv");
    CollabOptions options{.item_name = "film", .batch_size = collab_batch_size("best", ratings.rows())};
    options.item_table = {read_csv("films.csv")};
    const auto dls = CollabDataLoaders::from_table(ratings, options);

    const auto recipe = best_collab_recipe(dls);
    auto learn = collab_learner(dls, recipe.model, recipe.learner);
    fit_recipe(learn, recipe);
    std::cout << "RMSE " << format_number(std::sqrt(learn.validate().loss), 2) << "\n";

    const std::vector<Scored> newcomer = {{"Space 3", 5}, {"Space 8", 5}, {"Space 9", 4},
                                          {"Drama 1", 1}, {"Crime 2", 2}, {"Comedy 5", 2}};
    print("For user 7", learn.recommend("user 7", 3));
    print("For somebody new", learn.recommend_for(newcomer, 3));
    learn.export_torchscript("films.pt");

    const auto events =
        Interactions::from_table(ratings, {.item_name = "film", .rating_name = "rating", .positives = at_least(4)});
    const auto ranking = ranking_recipe(events, RankingKind::bag);
    auto ranker = ranking_learner(events, ranking.model, ranking.learner);
    fit_recipe(ranker, ranking);

    const auto figures = ranker.measure("ndcg@10");
    std::cout << "NDCG@10 " << format_number(figures.values.at("ndcg@10"), 2) << ", of the most popular films "
              << format_number(figures.popularity.at("ndcg@10"), 2) << "\n";
    print("Who liked two films of space", ranker.recommend_for({"Space 3", "Space 8"}, 3));
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
