#pragma once

#include <embark/data/collab/collab.h>
#include <embark/data/table/table.h>

#include "experiment.h"

namespace embark::course {

/// MovieLens 100k as the notes read it: user, movie, rating, timestamp and title. Of a small slice, what the first
/// users said of the first films.
Table movielens(const Lab& lab);
/// Its batches: the title is the item, 64 ratings a batch, a random fifth for validation.
CollabDataLoaders movielens_batches(const Lab& lab);

/// Its table of users: user, age, gender, occupation, zip; and of films: movie, title, year, and a column of 0 and 1
/// for each genre, and `genres`, those of a film as one text.
Table movielens_users(const Lab& lab);
Table movielens_films(const Lab& lab);
/// The names of those columns of genres.
const std::vector<std::string>& genre_names();

/// MovieLens latest-small: userId, movieId, rating, timestamp.
Table latest_small(const Lab& lab);

/// The Adult census, whose last column is `salary`.
Table adult(const Lab& lab);

}  // namespace embark::course
