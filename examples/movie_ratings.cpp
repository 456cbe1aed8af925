// A model of ratings, from the files of MovieLens 100k to an exported file that anyone can use.
//
//     example_movie_ratings FOLDER [EXPORTED_FILE]        FOLDER holds u.data and u.item
//
// Reads the ratings, gives each film its title, trains DotProductBias with one-cycle for five epochs and exports the
// model. Expected: a batch of ten ratings, a suggested learning rate of 1e-2 to 1e-1, then the table
//
//     epoch  train_loss  valid_loss  time
//     0      0.95…       0.94…       0.6 s
//     …
//     4      0.49…       0.82…       0.6 s
//
// whose last valid_loss lies between 0.80 and 0.84, then five films that user 196 may like and five that are like
// Star Wars, among them the other films of the series.
#include <iostream>
#include <string>

#include <embark/embark.h>

using namespace embark;

int main(int argc, char** argv) try {
    const std::string folder = argc > 1 ? argv[1] : ".";
    const std::string exported = argc > 2 ? argv[2] : "movies.pt";

    // u.data has no header: user, movie, rating and time, separated by tabs. Ids stay the text they are.
    auto ratings =
        read_csv(folder + "/u.data", {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}});
    auto titles =
        read_csv(folder + "/u.item",
                 {.delimiter = '|', .encoding = "latin-1", .use_columns = {0, 1}, .column_names = {"movie", "title"}});

    // 80 % of the ratings are for training. Users and titles are numbered once; a batch is a gather of 64 rows.
    auto dls = CollabDataLoaders::from_table(ratings.join(titles, "movie"),
                                             {.item_name = "title", .batch_size = 64, .seed = 42});
    dls.show_batch();

    // The range is a little wider than the ratings', since a sigmoid never quite reaches its ends.
    auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}});
    learn.lr_find();
    learn.fit_one_cycle(5, 5e-3, {.weight_decay = 0.1});

    for (const auto& [title, rating] : learn.recommend("196", 5))
        std::cout << "user 196 may like " << title << ": " << rating << "\n";
    for (const auto& [title, nearness] : learn.similar_items("Star Wars (1977)", 5))
        std::cout << "like Star Wars: " << title << ", " << nearness << "\n";

    learn.export_torchscript(exported);
    std::cout << "exported " << exported << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
