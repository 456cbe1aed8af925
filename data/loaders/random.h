#pragma once

#include <cstdint>
#include <limits>

#include <ATen/core/Generator.h>

namespace embark {

/// Random numbers that follow from a seed alone, which data sets, transforms and the like draw from. It goes where the
/// standard library takes a generator, `std::shuffle(first, last, random)`, and where LibTorch takes one,
/// `torch::randn({3}, random)`.
class Random {
public:
    using result_type = uint64_t;  ///< what a generator of the standard library names so

    /// The same `seed` gives the same numbers in the same order.
    explicit Random(uint64_t seed) : seed_(seed) {}

    /// The smallest number that operator() gives.
    static constexpr uint64_t min() { return 0; }
    /// The largest number that operator() gives.
    static constexpr uint64_t max() { return std::numeric_limits<uint64_t>::max(); }
    /// The next number, uniform in [min(), max()].
    uint64_t operator()();

    /// Uniform in [0, 1).
    double uniform();
    /// One of 0 … n − 1, each as likely as the others; `n` >= 1.
    int64_t below(int64_t n) { return static_cast<int64_t>(uniform() * static_cast<double>(n)); }
    /// True with probability `p`.
    bool chance(double p) { return uniform() < p; }

    /// LibTorch's generator of the CPU with a seed that follows from this one's; the same each time.
    operator at::Generator();  // NOLINT(google-explicit-constructor)

private:
    uint64_t seed_;
    int64_t drawn_ = 0;
    at::Generator torch_;
};

}  // namespace embark
