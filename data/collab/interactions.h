#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../core/bags.h"
#include "../../core/warning.h"
#include "collab.h"

namespace embark {

/// Which rows of a table are positives, of an item that the user liked, bought or clicked: those whose rating is at
/// least a number, or every row.
struct Positives {
    std::optional<double> lowest = {};  ///< the lowest rating that is one; nothing: every row is one
};

/// Rows with a rating of `lowest` or more: `{.rating_name = "rating", .positives = at_least(4)}`.
Positives at_least(double lowest);

/// How the items of each user are split, all of them distinct.
enum class InteractionSplit {
    random,           ///< shares of each user's items, drawn at random
    leave_last_out,   ///< the last item of each user with at least two; for choosing settings the one before, of three
    temporal,         ///< shares of each user's items, the latest ones
    global_temporal,  ///< shares of all pairs of user and item, the latest ones: a user may be in one part alone
};

/// "random", "leave-last-out", …. Throws UsageError for another name.
InteractionSplit interaction_split_of(const std::string& name);
/// Whether it needs times.
bool needs_times(InteractionSplit split);

/// How a table of events, as clicks, purchases or ratings, becomes pairs of users and items to learn from.
struct InteractionOptions {
    /// Column of the user; empty: the first column.
    std::string user_name = {};
    std::string item_name = {};  ///< column of the item; empty: the second column
    /// The column that `positives` looks at; needed where these name a number, else not looked at.
    std::string rating_name = {};
    Positives positives = {};  ///< which rows count; by default every row
    /// Column of how much each event counts, above 0; empty: 1 each. The weights of one pair are added up, so that an
    /// event that comes again counts again.
    std::string weight_name = {};
    /// Column of times, seconds since 1970 or dates; a pair's is its latest.
    std::string time_name = {};
    /// How its dates are written where not as 2024-01-31; see require_date_format.
    std::string time_format = {};
    /// What else is known of users; see SideFeatures.
    std::optional<SideTable> user_table = {}, item_table = {};  ///< what else is known of items

    InteractionSplit split = InteractionSplit::random;  ///< how each user's items are split for training and measuring
    /// Share of a user's items, or of all pairs, that is for testing; rounded.
    double test_pct = 0.2, valid_pct = 0.1;  ///< the share for choosing settings
    /// False: trains on all but the test part, and measures on that. True, for choosing settings: the test part is not
    /// looked at, and what is measured is the part that `valid_pct` says, without which the model is trained then.
    bool choose_settings = false;
    uint64_t seed = 42;  ///< seed of what is drawn at random for the split
};

/// Users and items, one list a user, ascending, each item once, with what its events count.
struct InteractionLists {
    /// By encoded user, `#na#` included. Weights are float32 sums.
    Bags bags;
    /// Pairs in all lists.
    int64_t pairs = 0, users = 0;  ///< users with a list that is not empty
};

/// Users and items by their ids, each pair once.
using InteractionPairList = std::vector<std::pair<std::string, std::string>>;

/// The pairs of a table's positives, in no order, by the options' columns. Throws what Interactions::from_table says of
/// these and their values; adds what a user should know.
InteractionPairList interaction_pairs(const Table& table, const InteractionOptions& options,
                                      std::vector<Warning>& warnings);

/// What was fitted on the pairs that a model learns from, as CollabData of ratings.
class InteractionData : public CollabData {
public:
    /// A batch of users, (n, 1), or of users and items, (n, 1 + any).
    Table decode(const Batch& batch) const override;
};

struct InteractionParts;

/// Events of users and items, read, counted and split: what a ranking_learner learns from and is measured on.
///
///     auto events = Interactions::from_table(ratings, {.user_name = "user", .item_name = "title",
///                                                      .rating_name = "rating", .positives = at_least(4)});
///
/// An immutable handle; copies share.
class Interactions {
public:
    /// Throws Error, with file, row and column, for a missing column, for a rating, weight or time that is missing or
    /// cannot be, for a weight of 0 or less, and where no positives, or none to learn from or to measure on, are left;
    /// and UsageError for shares that cannot be, a lowest rating without a column, and a split by time without times.
    /// Rows without a user or an item are left out, which warnings() says.
    static Interactions from_table(const Table& table, const InteractionOptions& options = {});
    /// All of `train` to learn from, and `test`, of the same columns, to measure on. The options' split is not used.
    static Interactions from_tables(const Table& train, const Table& test, const InteractionOptions& options = {});

    /// What was fitted on the pairs that are learnt from. Not null.
    const std::shared_ptr<const InteractionData>& data() const;
    /// The users that a model knows, by number.
    const Vocabulary& users() const;
    /// The items that a model knows, by number.
    const Vocabulary& items() const;
    /// What is learnt from.
    const InteractionLists& train() const;
    /// What is measured on, for users that training has. An item that training has not is 0, as often as there are such.
    const InteractionLists& test() const;
    /// Users of the measured part whom training has not; they are not measured.
    int64_t unknown_test_users() const;
    /// How much all events of each item count, (items) float64.
    const at::Tensor& popularity() const;
    /// What a user should know of the events.
    const std::vector<Warning>& warnings() const;

private:
    struct Impl;
    explicit Interactions(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
    static Interactions of_parts(InteractionParts parts, const InteractionOptions& options);
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
