#pragma once

#include <string>
#include <vector>

namespace embark {

/// `wanted` as names for new columns beside those called `taken`: as they are where all of them are free, else all with
/// the first number at their end for which they are: `prediction_2`, `probability_yes_2`. Names that are wanted twice
/// are told apart by numbers too.
std::vector<std::string> free_names(const std::vector<std::string>& taken, std::vector<std::string> wanted);

}  // namespace embark
