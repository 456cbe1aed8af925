#pragma once

#include <string>
#include <vector>

#include "../../core/bags.h"
#include "../../core/warning.h"
#include "../../predictor/vocabulary.h"
#include "../tabular/column_summary.h"

namespace embark {

/// What is known of users, or of items, besides their ratings: a table with a row for each id.
struct SideTable {
    Table table;  ///< a row for each id, in any order
    /// The column of ids; empty: the one that is called as in the ratings, or else the first.
    std::string id_name = {};
};

/// What a SideTable tells of each id, as a list of numbered features.
struct SideFeatures {
    /// By encoded id; `#na#`, and an id without a row, have none.
    Bags bags;
    /// What each feature stands for: "genres=Comedy", "age from 23 to 27".
    std::vector<std::string> names;
    /// What each column was taken for.
    std::vector<ColumnSummary> columns;

    /// Rows that a table of them needs.
    int64_t size() const { return static_cast<int64_t>(names.size()); }
};

/// `ids`, and after them those that the table alone has: users or items that no rating tells of. Throws Error for a
/// table without a column of ids or any other.
Vocabulary with_ids_of(const SideTable& side, const std::string& id_name, const Vocabulary& ids);

/// Finds the features of a table's ids that are in the vocabulary `ids`, of which those below `n_trained` are of
/// training and decide on the features. A column of numbers or dates becomes ranges
/// with as many ids each, at most 16; of at most 10 numbers, a category; of 0 and 1, or false and true, one feature; a
/// column of text with a `|` in any of its values becomes a feature for each part, of weight 1/√(parts); any other a
/// category. Values of a single id tell nothing of others and are left out, and so is a column where that is most of
/// them. Adds a warning, "missing_rows", for ids of training without a row. Throws Error, with file, row and column,
/// where an id stands twice, where no id is of training, where no feature is left, and for a text among numbers.
SideFeatures fit_side_features(const SideTable& side, const std::string& id_name, const Vocabulary& ids,
                               int64_t n_trained, std::vector<Warning>& warnings);

}  // namespace embark
