#pragma once

#include <string>

namespace embark {

/// A user or item and a number that belongs to it: a rating, a bias, a similarity.
struct Scored {
    std::string name;  ///< the user's or item's id
    double score = 0;  ///< the rating, bias or similarity, as what gives it says
};

}  // namespace embark
