#include "vocabulary.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <ATen/ATen.h>

#include "../core/error.h"
#include "../core/text.h"

namespace embark {

struct Vocabulary::Impl {
    std::vector<std::string> names;
    /// The keys are views of `names`.
    std::unordered_map<std::string_view, int64_t> indices;

    explicit Impl(std::vector<std::string> all_names) : names(std::move(all_names)) {
        indices.reserve(names.size());
        for (size_t i = 0; i < names.size(); ++i) {
            require(indices.emplace(names[i], static_cast<int64_t>(i)).second, "A vocabulary has '", names[i],
                    "' twice; every name may stand in it once");
        }
    }
};

namespace {

bool is_missing(std::string_view value) {
    return value.empty() || value == Vocabulary::kMissing;
}

/// Sorts categories, leaves out what repeats, and puts `#na#` before them.
std::vector<std::string> numbered(std::vector<std::string> categories) {
    const bool integers = std::all_of(categories.begin(), categories.end(),
                                      [](const std::string& name) { return is_plain_integer(name); });
    if (integers) {
        std::sort(categories.begin(), categories.end(),
                  [](const std::string& a, const std::string& b) { return plain_integer_less(a, b); });
    } else {
        std::sort(categories.begin(), categories.end());
    }
    categories.erase(std::unique(categories.begin(), categories.end()), categories.end());
    categories.insert(categories.begin(), std::string(Vocabulary::kMissing));
    return categories;
}

}  // namespace

Vocabulary::Vocabulary() : Vocabulary(from_names({std::string(kMissing)})) {}

Vocabulary::Vocabulary(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Vocabulary Vocabulary::fit(const std::vector<std::string>& values) {
    std::vector<std::string> categories;
    std::copy_if(values.begin(), values.end(), std::back_inserter(categories),
                 [](const std::string& value) { return !is_missing(value); });
    return from_names(numbered(std::move(categories)));
}

Vocabulary Vocabulary::from_names(std::vector<std::string> names) {
    require(!names.empty() && names.front() == kMissing, "The first name of a vocabulary must be '", kMissing, "'",
            names.empty() ? "" : concat(", not '", names.front(), "'"));
    return Vocabulary(std::make_shared<const Impl>(std::move(names)));
}

int64_t Vocabulary::size() const {
    return static_cast<int64_t>(impl_->names.size());
}

int64_t Vocabulary::index(std::string_view value) const {
    const auto found = impl_->indices.find(value);
    return found == impl_->indices.end() ? 0 : found->second;
}

bool Vocabulary::has(std::string_view value) const {
    return impl_->indices.contains(value);
}

const std::string& Vocabulary::name(int64_t index) const {
    require(index >= 0 && index < size(), "There is no category ", index, "; the vocabulary has ", size(),
            ", counted from 0");
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
