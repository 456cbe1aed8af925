#include "vocabulary.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>
#include <c10/util/flat_hash_map.h>

#include "../core/error.h"
#include "../core/text.h"

namespace embark {

struct Vocabulary::Impl {
    std::vector<std::string> names;
    ska::flat_hash_map<std::string_view, int64_t> places;  // of views of `names`
    Spelling spelling;

    Impl(std::vector<std::string> all_names, Spelling its_spelling)
        : names(std::move(all_names)), spelling(its_spelling) {
        places.reserve(names.size());
        for (size_t i = 0; i < names.size(); ++i) {
            if (places.emplace(names[i], static_cast<int64_t>(i)).second) continue;
            fail("A vocabulary has '", names[i], "' twice; every name may stand in it once");
        }
    }
    /// Below 0 where it is missing.
    int64_t place_of(std::string_view value) const;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
};

namespace {

bool stands_for_missing(Spelling spelling, std::string_view value) {
    return value == Vocabulary::kMissing || is_missing_value(spelling, value);
}

/// Integers as text, sorted. Numbers of 64 bits are sorted as such, several times faster than by their digits.
void sort_integers(std::vector<std::string>& integers) {
    std::vector<std::pair<int64_t, size_t>> numbers;
    numbers.reserve(integers.size());
    for (const std::string& digits : integers) {
        const auto number = parse_int(digits);
        if (!number) {
            std::sort(integers.begin(), integers.end(), plain_integer_less);
            return;
        }
        numbers.emplace_back(*number, numbers.size());
    }
    std::sort(numbers.begin(), numbers.end());
    std::vector<std::string> sorted;
    sorted.reserve(integers.size());
    for (const auto& [number, place] : numbers) sorted.push_back(std::move(integers[place]));
    integers = std::move(sorted);
}

/// Sorts categories, leaves out what repeats, and puts `#na#` before them.
std::vector<std::string> numbered(std::vector<std::string> categories) {
    if (std::all_of(categories.begin(), categories.end(), is_plain_integer)) {
        sort_integers(categories);
    } else {
        std::sort(categories.begin(), categories.end());
    }
    categories.erase(std::unique(categories.begin(), categories.end()), categories.end());
    categories.emplace(categories.begin(), Vocabulary::kMissing);
    return categories;
}

/// A vocabulary of the values that are not missing, each in the one spelling that `spelling_for` says they have.
Vocabulary fit_spelled(std::vector<std::string> values, Spelling (*spelling_for)(const std::vector<std::string>&)) {
    std::erase_if(values, [](const auto& value) { return stands_for_missing(Spelling::as_written, value); });
    const Spelling spelling = spelling_for(values);
    for (std::string& value : values) {
        const std::string_view one = spell(spelling, value);
        if (one != value) value = std::string(one);
    }
    std::erase_if(values, [&](const auto& value) { return stands_for_missing(spelling, value); });
    return Vocabulary::from_names(numbered(std::move(values)), spelling);
}

}  // namespace

Vocabulary::Vocabulary() : Vocabulary(from_names({std::string(kMissing)})) {}

Vocabulary::Vocabulary(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Vocabulary Vocabulary::fit(std::vector<std::string> values) {
    return fit_spelled(std::move(values), spelling_of);
}

Vocabulary Vocabulary::fit_ids(std::vector<std::string> values) {
    return fit_spelled(std::move(values), spelling_of_ids);
}

Vocabulary Vocabulary::from_names(std::vector<std::string> names, Spelling spelling) {
    require(!names.empty() && names.front() == kMissing, "The first name of a vocabulary must be '", kMissing, "'",
            names.empty() ? "" : concat(", not '", names.front(), "'"));
    return Vocabulary(std::make_shared<const Impl>(std::move(names), spelling));
}

int64_t Vocabulary::size() const {
    return static_cast<int64_t>(impl_->names.size());
}

Spelling Vocabulary::spelling() const {
    return impl_->spelling;
}

int64_t Vocabulary::Impl::place_of(std::string_view value) const {
    auto found = places.find(value);
    if (found == places.end() && spelling != Spelling::as_written) found = places.find(spell(spelling, value));
    return found == places.end() ? -1 : found->second;
}

int64_t Vocabulary::index(std::string_view value) const {
    return std::max<int64_t>(impl_->place_of(value), 0);
}

bool Vocabulary::has(std::string_view value) const {
    return impl_->place_of(value) >= 0;
}

bool Vocabulary::is_missing(std::string_view value) const {
    return stands_for_missing(impl_->spelling, value);
}

const std::string& Vocabulary::name(int64_t index) const {
    if (index < 0 || index >= size()) {
        fail("There is no category ", index, "; the vocabulary has ", size(), ", counted from 0");
    }
    return impl_->names[static_cast<size_t>(index)];
}

const std::vector<std::string>& Vocabulary::names() const {
    return impl_->names;
}

std::vector<std::string> Vocabulary::decode(const at::Tensor& indices) const {
    const at::Tensor flat = indices.to(at::kCPU, at::kLong).contiguous();
    const int64_t* index = flat.const_data_ptr<int64_t>();
    std::vector<std::string> decoded;
    decoded.reserve(static_cast<size_t>(flat.numel()));
    for (int64_t i = 0; i < flat.numel(); ++i) decoded.push_back(name(index[i]));
    return decoded;
}

}  // namespace embark
