#pragma once

#include <cstdint>

#include "../core/bags.h"

namespace embark {

/// Settings of implicit_als.
struct ImplicitAlsOptions {
    int64_t n_factors = 32;  ///< width of the factors
    /// How much a pair counts besides 1, for each unit of its weight.
    double alpha = 3;
    /// Weight of the squares of the factors.
    double l2 = 20;
    int64_t iterations = 15;  ///< of both half steps, users and items
    uint64_t seed = 42;       ///< of the first factors
};

/// (users, n_factors) and (items, n_factors) float32.
struct ImplicitFactors {
    at::Tensor users,  ///< a row for each user
        items;         ///< a row for each item
};

/// Alternating least squares for implicit feedback (Hu, Koren and Volinsky 2008): the factors with the smallest
///
///     Σ_{u, i} c_ui (p_ui − U_u · V_i)² + l2 (Σ |U_u|² + Σ |V_i|²),
///
/// p_ui = 1 and c_ui = 1 + alpha · weight for the pairs of the lists, p_ui = 0 and c_ui = 1 for all others. Each half
/// step makes three steps of conjugate gradients (Takács, Pilászy and Tikk 2011) from where it was. Lists are the items
/// of each user; the result is the same for any number of threads. Throws UsageError for settings that cannot be, and Error
/// where alpha, l2 or weights are so large that the factors are not finite.
ImplicitFactors implicit_als(const Bags& lists, int64_t n_items, const ImplicitAlsOptions& options = {});

}  // namespace embark
