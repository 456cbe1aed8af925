#pragma once

#include <string>
#include <vector>

#include "../collate.h"

namespace embark {

/// What pad_collate() gives.
struct PadCollate {
    PadOptions options;

    Batch operator()(const std::vector<Sample>& samples) const;
    /// "pad_collate, value 0, dim 0, lengths".
    std::string settings() const;
};

}  // namespace embark
