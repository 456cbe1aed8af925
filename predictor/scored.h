#pragma once

#include <string>

namespace embark {

/// A user or item and a number that belongs to it: a rating, a bias, a similarity.
struct Scored {
    std::string name;
    double score = 0;
};

}  // namespace embark
