#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../core/warning.h"

namespace embark {

class Vocabulary;

/// What the values of one column of categories or ids were, beside those of training.
struct SeenValues {
    /// How many there were that are not missing.
    int64_t values = 0,
        unknown = 0,  ///< how many of these training did not have
        missing = 0;  ///< how many more were missing
    /// The first that training did not have; empty where training had all.
    std::string unknown_example = {}, known_example = {};  ///< one that training had; empty where it had no value

    /// Counts `n` values `value`.
    void add(const Vocabulary& vocabulary, std::string_view value, int64_t n = 1);
};

/// What encoding found that was not there in training, by column.
struct EncodingCounts {
    /// Categories and ids that are not in the vocabulary, taken as `#na#`.
    std::map<std::string, int64_t> unknown = {};
    /// Missing numbers of columns that had none in training.
    std::map<std::string, int64_t> filled = {};
    /// Values of date columns that are not dates, taken as missing.
    std::map<std::string, int64_t> unreadable = {};
    /// All columns of categories and ids that were looked at.
    std::map<std::string, SeenValues> seen = {};

    /// Whether nothing is unknown, filled or unreadable.
    bool empty() const { return unknown.empty() && filled.empty() && unreadable.empty(); }

    /// Adds what one more part of a column had.
    void add(const std::string& column, const SeenValues& values);

    /// A sentence for each column with unknown values ("unknown_values"), filled ones ("filled_values") or unreadable
    /// dates ("unreadable_dates"); where all values of a column are unknown, it says what they look like beside those of training.
    std::vector<Warning> warnings() const;
    /// The same of ids: unknown ones ("unknown_ids") and missing ones ("missing_ids").
    std::vector<Warning> id_warnings() const;
};

}  // namespace embark
