#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <c10/util/flat_hash_map.h>

#include "../../../predictor/vocabulary.h"
#include "../../table/detail/row_values.h"
#include "../../table/table.h"

namespace embark {

/// The distinct ids of a column that comes in pieces, and how many rows have each: texts, or integers, which are not
/// made to texts before the end.
class DistinctIds {
public:
    /// Those of the rows for which `wanted` is set; where these are `counted` rows.
    void add(const Table& table, const std::string& column, const std::vector<char>& wanted, bool counted);
    /// All of them as texts, each once.
    std::vector<std::string> texts() const;
    /// What the counted ones are beside those of `vocabulary`.
    SeenValues seen(const Vocabulary& vocabulary) const;

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    ska::flat_hash_map<int64_t, int64_t> numbers_;
    std::unordered_map<std::string, int64_t, Hash, std::equal_to<>> texts_;
    int64_t missing_ = 0;
};

/// Encodes a column by a vocabulary again and again: integers without making texts of them.
class IdEncoder {
public:
    explicit IdEncoder(Vocabulary vocabulary);
    RowValues<int64_t> encode(const Table& table, const std::string& column) const;

private:
    Vocabulary vocabulary_;
    ska::flat_hash_map<int64_t, int64_t> numbers_;
};

}  // namespace embark
