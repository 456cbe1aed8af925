#include <embark/learners/collab_learner.h>
#include <embark/learners/tabular_learner.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

static Result run_metadata(const Lab& lab) {
    // What is known of users and films, beside their ratings.
    const Table films = movielens_films(lab);
    std::vector<std::string> of_films = {"movie", "year"};
    of_films.insert(of_films.end(), genre_names().begin(), genre_names().end());
    const Table ratings = movielens(lab).join(movielens_users(lab), "user").join(films.select(of_films), "movie");

    std::vector<std::string> numbers = {"age", "year", "timestamp"};
    numbers.insert(numbers.end(), genre_names().begin(), genre_names().end());
    auto dls = TabularDataLoaders::from_table(ratings, {.y_names = {"rating"},
                                                        .cat_names = {"user", "title", "gender", "occupation"},
                                                        .cont_names = numbers,
                                                        .y_values = {"rating"},
                                                        .batch_size = 64,
                                                        .seed = lab.seed});
    auto learn = tabular_learner(dls, {.layers = {100, 50}, .y_range = {0, 5.5}});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    // The same network on users and titles alone.
    set_seed(lab.seed);
    auto plain = collab_learner(movielens_batches(lab), {.y_range = {0, 5.5}, .use_nn = true, .layers = {100, 50}});
    plain.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    Result result;
    result.training(learn.records(), {}, {}, "With age, gender, occupation, genres, year and time");
    result.training(plain.records(), {}, {}, "Users and titles alone (embedding-nn)");
    result.check({"the final valid loss is below that of ids alone", Relation::below,
                  learn.records().last("valid_loss"), plain.records().last("valid_loss"), "embedding-nn"});
    return result;
}

const Experiment kMetadata = {
    .name = "metadata",
    .title = "What is known of users and films goes into the network",
    .notes =
        "An EmbeddingNN is a tabular model, so that other information on users, films and time can stand beside "
        "the two embeddings. The notes only say so; a lower loss than embedding-nn's is expected.",
    .settings =
        "ML-100k with age, gender, occupation, 19 genres, year and timestamp; layers 100 and 50, range (0, "
        "5.5), batches of 64, 5 epochs of one-cycle at 5e-3, wd 0.1",
    .conclusion = "What is known of users and films lowers the loss below that of a network on their ids alone.",
    .to_try = "Leave out the timestamp, or the genres: which is worth most?",
    .run = run_metadata};

}  // namespace embark::course
