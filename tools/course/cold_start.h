#pragma once

#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "experiment.h"

namespace embark::course {

/// The embedding of users or of films: (n, factors), and (n) biases.
struct Factors {
    at::Tensor vectors, bias;
};

/// What is known where some of one side, users or films, are new. The same for both sides.
struct ColdSide {
    /// (these, others) ratings, NaN where it is missing.
    at::Tensor ratings;
    /// Which of these are new, and which of the others are.
    at::Tensor is_new, other_is_new;
    Factors factors, other_factors;
    /// (these, …) metadata of these; and (others, genres) of the others, where they are films.
    at::Tensor features, other_genres;
    /// Predictions (others) for a new one who is known by ratings of some others alone; empty where there are none.
    std::function<at::Tensor(const at::Tensor& others, const at::Tensor& ratings)> predict_known = {};
};

/// How well a strategy predicts the ratings of the new ones.
struct Strategy {
    std::string name;
    double rmse = 0;
    double hit_rate = 0;
};

/// Every strategy on the same ratings: all of the new ones but ten each, which are the answers to questions.
std::vector<Strategy> compare_strategies(const Lab& lab, const ColdSide& side);

}  // namespace embark::course
