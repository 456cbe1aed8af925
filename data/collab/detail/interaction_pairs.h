#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../interactions.h"

namespace embark {

/// A user and an item with all their events.
struct InteractionPair {
    int64_t user = 0, item = 0;
    double weight = 0;
    /// Of the latest event: its time, 0 without times, and its row.
    double time = 0;
    int64_t row = 0;
};

/// The pairs of a table's positives, ascending by user and item, by numbers of vocabularies of all of them.
struct InteractionPairs {
    std::string user_name, item_name;
    Vocabulary users, items;
    std::vector<InteractionPair> pairs = {};
    std::vector<Warning> warnings = {};
};

/// Throws what Interactions::from_table says of columns and values, and Error where no positives are left.
InteractionPairs read_interaction_pairs(const Table& table, const InteractionOptions& options);

/// What part of the split a pair is of.
enum class InteractionPart : char { train, valid, test };

/// The part of each pair.
std::vector<InteractionPart> split_pairs(const std::vector<InteractionPair>& pairs, const InteractionOptions& options);

/// Lists of `n_users` users of pairs that ascend by user and item.
InteractionLists lists_of_pairs(const std::vector<InteractionPair>& pairs, int64_t n_users);

}  // namespace embark
