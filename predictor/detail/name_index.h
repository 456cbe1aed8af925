#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// Finds the places of names in a list. Of each name it has eight bytes where a std::unordered_map has a node, so that
/// what is looked up among a hundred thousand names is still near the processor.
class NameIndex {
public:
    /// Of no names.
    NameIndex() = default;

    /// Of `names`, which must outlive this. Throws Error for a name that is in it twice.
    explicit NameIndex(const std::vector<std::string>& names);

    /// The place of `name`, -1 where it is missing.
    int64_t find(std::string_view name) const;

private:
    struct Slot {
        uint32_t hash = 0;  // a part of it that says little about the slot's own place
        int32_t place = -1;
    };

    /// The slot of `name`, or the free one that it would have.
    size_t slot_of(std::string_view name, uint64_t hash) const;

    const std::vector<std::string>* names_ = nullptr;
    /// As many as a power of 2, at most two in three taken.
    std::vector<Slot> slots_ = std::vector<Slot>(1);
};

}  // namespace embark
