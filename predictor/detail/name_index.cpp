#include "name_index.h"

#include <bit>
#include <functional>

#include "../../core/error.h"

namespace embark {

namespace {

uint64_t hash_of(std::string_view name) {
    return std::hash<std::string_view>{}(name);
}

}  // namespace

NameIndex::NameIndex(const std::vector<std::string>& names)
    : names_(&names), slots_(std::bit_ceil(names.size() + names.size() / 2 + 1)) {
    for (size_t i = 0; i < names.size(); ++i) {
        const uint64_t hash = hash_of(names[i]);
        Slot& slot = slots_[slot_of(names[i], hash)];
        require(slot.place < 0, "A vocabulary has '", names[i], "' twice; every name may stand in it once");
        slot = {.hash = static_cast<uint32_t>(hash >> 32), .place = static_cast<int32_t>(i)};
    }
}

size_t NameIndex::slot_of(std::string_view name, uint64_t hash) const {
    const size_t last = slots_.size() - 1;
    const auto is_other = [&](const Slot& slot) {
        return slot.place >= 0 &&
               (slot.hash != static_cast<uint32_t>(hash >> 32) || (*names_)[static_cast<size_t>(slot.place)] != name);
    };
    size_t i = hash & last;
    while (is_other(slots_[i])) i = (i + 1) & last;
    return i;
}

int64_t NameIndex::find(std::string_view name) const {
    return slots_[slot_of(name, hash_of(name))].place;
}

}  // namespace embark
