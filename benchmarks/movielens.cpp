#include "movielens.h"

#include <embark/data/csv/csv.h>

namespace embark::bench {

CollabDataLoaders movielens(const std::filesystem::path& folder, uint64_t seed) {
    const auto ratings =
        read_csv(folder / "u.data", {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}});
    const auto titles =
        read_csv(folder / "u.item",
                 {.delimiter = '|', .encoding = "latin-1", .use_columns = {0, 1}, .column_names = {"movie", "title"}});
    return CollabDataLoaders::from_table(ratings.join(titles, "movie"),
                                         {.item_name = "title", .batch_size = kBatchSize, .seed = seed});
}

RatingNet rating_net(const CollabDataLoaders& dls) {
    set_seed(kSeed);
    return RatingNet(dls.users().size(), dls.items().size(), kFactors, kRange.low, kRange.high);
}

}  // namespace embark::bench
