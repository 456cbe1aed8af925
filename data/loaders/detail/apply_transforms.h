#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../../../core/text.h"
#include "../transforms.h"

namespace embark {

/// All of them, one after the other; those that are random where they are given a seed.
template <class Part>
void apply_transforms(const std::vector<TransformOf<Part>>& transforms, Part& part, std::optional<uint64_t> seed) {
    Random random(seed.value_or(0));
    for (const auto& transform : transforms) {
        if (seed || !transform.is_random()) transform(part, random);
    }
}

template <class Part>
std::string names_of(const std::vector<TransformOf<Part>>& transforms) {
    std::vector<std::string> names;
    for (const auto& transform : transforms) names.push_back(transform.name());
    return join(names);
}

}  // namespace embark
