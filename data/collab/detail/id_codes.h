#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "../../../predictor/vocabulary.h"
#include "../../table/detail/row_values.h"
#include "../../table/table.h"

namespace embark {

/// Integers, each with a number of its own, found in one or two steps.
class IntegerMap {
public:
    /// What `key` has, 0 at first. To be set before the next call.
    int64_t& operator[](int64_t key);
    /// What `key` has, 0 where it has nothing.
    int64_t find(int64_t key) const { return entries_[position(key)].value; }
    /// All keys that have something, in no order.
    std::vector<int64_t> keys() const;

private:
    struct Entry {
        int64_t key = 0, value = 0;
    };
    size_t position(int64_t key) const;
    void grow();

    std::vector<Entry> entries_ = std::vector<Entry>(256);  // as many as a power of 2, half of them free
    size_t n_used_ = 0;
};

/// The distinct ids of a column that comes in pieces: texts, or integers, which are not made to texts before the
/// end.
class DistinctIds {
public:
    /// Those of the rows for which `wanted` is set.
    void add(const Table& table, const std::string& column, const std::vector<char>& wanted);
    /// All of them as texts, each once.
    std::vector<std::string> texts() const;

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    IntegerMap numbers_;
    std::unordered_set<std::string, Hash, std::equal_to<>> texts_;
};

/// Encodes a column by a vocabulary again and again: integers without making texts of them.
class IdEncoder {
public:
    explicit IdEncoder(Vocabulary vocabulary);
    RowValues<int64_t> encode(const Table& table, const std::string& column) const;

private:
    Vocabulary vocabulary_;
    IntegerMap numbers_;
};

}  // namespace embark
