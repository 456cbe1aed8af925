#pragma once

#include <optional>
#include <string>
#include <vector>

#include "free_sizes.h"
#include "trace_comparison.h"

namespace embark {

/// Replaces the constants of the first trace that vary (see compare_traces) by what they are made of: numbers that
/// follow from the free sizes of the inputs. Where one is nothing of the kind, the result names the operation that
/// takes it, and reads on from "RatingNet cannot be exported: ".
std::optional<std::string> replace_size_constants(const std::vector<TracedGraph>& traces, const FreeSizes& free,
                                                  const std::vector<VaryingConstant>& constants);

}  // namespace embark
