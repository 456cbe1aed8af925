#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../../core/bags.h"
#include "../../core/device.h"
#include "../../core/warning.h"
#include "../../predictor/encoding_counts.h"
#include "../loaders/dataloaders.h"
#include "../loaders/stream_options.h"
#include "collab_days.h"
#include "side_features.h"

namespace embark {

/// How a table of ratings becomes batches.
struct CollabOptions {
    /// Column of the user; empty: the first, as in fastai.
    std::string user_name = {};
    std::string item_name = {};    ///< column of the item; empty: the second column
    std::string rating_name = {};  ///< column of the rating; empty: the third column
    /// Column of the times of the ratings, seconds since 1970 or dates; empty: none. With it x is (n, 4), see
    /// CollabDays.
    std::string time_name = {};
    /// How its dates are written where not as 2024-01-31; see require_date_format.
    std::string time_format = {};
    /// What else is known of users; see SideFeatures. Those without a training rating that stand here are known too, by
    /// what the table says of them.
    std::optional<SideTable> user_table = {}, item_table = {};  ///< what else is known of items
    /// Which rows are for validation; empty: random_splitter(valid_pct, seed).
    Splitter splitter = {};
    int64_t batch_size = 64;  ///< ratings in a training batch
    /// Batch size in validation; 0: ten times batch_size.
    int64_t valid_batch_size = 0;
    double valid_pct = 0.2;  ///< share of the rows that is for validation, where no splitter is given
    /// Seed of the split and of the permutations.
    uint64_t seed = 42;
    bool shuffle = true;    ///< a new permutation of the ratings each epoch; false: in the table's order
    bool drop_last = true;  ///< leave out the last, short training batch (never the only one), as fastai does
    /// Which ratings a training epoch has, in the place of `shuffle`; it is told of all rows of the table. Not for
    /// streamed rows.
    Sampler sampler = {};
    /// A training epoch goes block by block of some thousand users and items, blocks and ratings in a random order, and
    /// the training ratings are kept in that order: two to three times as many ratings a second where tables that are
    /// larger than the cache are updated lazily. A batch then has many ratings of each of its items, which makes a step
    /// go further astray than one of a batch of all: see docs/performance.md. Not for streamed rows. See RatingBlocks.
    bool blocks = false;
    at::Device device = default_device();  ///< where the batches' tensors are
};

/// The items that each user rated in the training part, as encoded numbers: those of user u are items[offsets[u]] …
/// items[offsets[u + 1] - 1], ascending. int64; offsets has one entry more than there are users.
struct RatedItems {
    at::Tensor offsets,  ///< (users + 1): where each user's begin in `items`
        items;           ///< of all users, one after the other
};

/// What was fitted on the training ratings: the two vocabularies, and which items each user rated.
class CollabData : public Preprocessing {
public:
    std::string user_name,  ///< column of the ratings' table that users were read from
        item_name,          ///< column of the items
        rating_name;        ///< column of the ratings
    Vocabulary users,       ///< the users of training, by number
        items;              ///< the items of training, by number
    /// Empty where the ratings have no times.
    std::string time_name,  ///< column of times
        time_format;        ///< how its dates are written; empty: as 2024-01-31
    CollabDays days;        ///< the days of the training ratings; empty without times
    /// What tables say of users; without features where there are none.
    SideFeatures user_features, item_features;  ///< what tables say of items
    /// Calls `visit` with encoded users and items of the training ratings, (n, 2), some at a time until all were there.
    using EachPairs = std::function<void(const std::function<void(const at::Tensor& pairs)>& visit)>;
    EachPairs each_train_pairs;  ///< over the training ratings, again at each call
    /// Lowest rating in the training part.
    double rating_min = 0, rating_max = 0;  ///< highest rating in the training part

    std::map<std::string, Vocabulary> classes() const override;
    Table decode(const Batch& batch) const override;
    void export_to(ExportContext& file) const override;
    std::string fitted() const override;
    /// (n, 2) int64 of encoded users and items; unknown ones are 0, and counted into `counts` where it is given. Throws
    /// where the lengths differ.
    at::Tensor encode(const std::vector<std::string>& users, const std::vector<std::string>& items,
                      EncodingCounts* counts = nullptr) const;

    /// Worked out from each_train_pairs when it is first asked for, since training needs none of it. Where ratings are
    /// streamed, that reads them twice and takes 8 bytes a rating.
    const RatedItems& rated() const;
    /// rated() as lists for a model that adds them up: the items of each user, each with weight 1/√(length of the
    /// list).
    Bags rated_bags() const;
    /// The users of each item, likewise.
    Bags rater_bags() const;

private:
    mutable std::once_flag rated_once_;
    mutable RatedItems rated_;
};

/// Batches for collaborative filtering: x is (n, 2) int64 of encoded user and item, or (n, 4) with the numbers of day and
/// of user and day, where there are times; y is (n, 1) float32 of ratings.
class CollabDataLoaders : public DataLoaders {
public:
    /// Ratings of `table`, split as the options say. Ids are texts without the spaces around them; where most of a
    /// column's are integers, "7.0" is "7" (see spelling_of_ids). Ratings without a user or an item stay, as those of
    /// `#na#`, which stands for unknown ones. Throws Error, with file, row and column, for a rating that is missing, no
    /// number, NaN or infinite, for a missing column, and where no training row, user or item is left; for times
    /// that are missing, neither numbers nor dates, or beyond the year 5138, as milliseconds are; and what
    /// fit_side_features throws.
    static CollabDataLoaders from_table(const Table& table, const CollabOptions& options = {});

    /// As above, with the validation ratings given as a table of the same columns.
    static CollabDataLoaders from_tables(const Table& train, const Table& valid, const CollabOptions& options = {});

    /// Ratings of a Parquet file or of all those in a folder, which are read again in every epoch, row group by row
    /// group: for more than fits into memory. A first pass finds users and items. For validation every row is drawn by
    /// itself with probability `valid_pct` (0: none). Throws what from_table throws, and UsageError for a splitter,
    /// since that would need all rows at once, for times, and for tables of users and items.
    static CollabDataLoaders from_parquet(const std::filesystem::path& path, const CollabOptions& options = {},
                                          const StreamOptions& stream = {});

    /// As above, with the validation ratings given as files of the same columns.
    static CollabDataLoaders from_parquet(const std::filesystem::path& train, const std::filesystem::path& valid,
                                          const CollabOptions& options = {}, const StreamOptions& stream = {});

    /// As DataLoaders::resampled. Which items a user rated is still known of all training ratings.
    CollabDataLoaders resampled(uint64_t seed) const;
    /// These loaders with DataLoaderOptions::passes of training. Throws UsageError where they cannot be.
    CollabDataLoaders with_passes(int64_t passes) const;

    /// What a user should know of the ratings: ids that are missing ("missing_ids"), those that are no integers where
    /// most are ("mixed_ids"), those that are written in several ways ("merged_ids"), and users and items of the
    /// validation part that training did not have ("unknown_ids"); those without a row in the table of users or items
    /// ("missing_rows").
    const std::vector<Warning>& warnings() const { return found_->warnings; }
    /// The last of these, by column; zeros where there are no validation ratings.
    const EncodingCounts& valid_counts() const { return found_->valid; }

    /// Ratings of another table of the same columns, in its order, for Learner::validate; what training did not have is
    /// counted into `counts`. Throws what from_table throws.
    DataLoader test_dl(const Table& table, EncodingCounts* counts = nullptr) const;

    /// What was fitted on the training ratings.
    const CollabData& collab() const { return *collab_; }
    /// The users of training, by number.
    const Vocabulary& users() const { return collab_->users; }
    /// The items of training, by number.
    const Vocabulary& items() const { return collab_->items; }

private:
    /// What was found of the ids while they were encoded, and how further ratings become batches.
    struct Found {
        std::vector<Warning> warnings;
        EncodingCounts valid;
        DataLoaderOptions test_options;
    };
    CollabDataLoaders(DataLoaders loaders, std::shared_ptr<const CollabData> collab, Found found);
    static CollabDataLoaders stream(const std::filesystem::path& train,
                                    const std::optional<std::filesystem::path>& valid, const CollabOptions& options,
                                    const StreamOptions& stream);
    std::shared_ptr<const CollabData> collab_;
    std::shared_ptr<const Found> found_;
};

}  // namespace embark
