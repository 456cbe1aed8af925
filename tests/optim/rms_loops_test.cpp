// Whichever of the two ways a machine takes, both must compute the same formula.
#include "../../optim/detail/rms_loops.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace embark::rows {
namespace rms_loops_test {

/// One step, late in a fit whose momentums are those of one-cycle.
constexpr AdamConstants kAdam = {
    .mom = 0.93F, .sqr_mom = 0.99F, .step_size = 5e-3F, .rms_scale = 1.02F, .eps = 1e-5F, .decay = 0.9995F, .l2 = 0.1F};
/// Units of the last place that the change of a weight may be off by, of roots and quotients taken by estimates.
constexpr double kTolerance = 8 * 6e-8;

/// Numbers of the size that parameters, averages and squares have: from what underflows nearly to what a fit that
/// diverges has, and some that are 0.
struct Numbers {
    std::vector<float> p, m, v, g;

    explicit Numbers(size_t n) {
        std::mt19937 chance(7);
        std::uniform_real_distribution<double> exponent(-15, 6), unit(-1, 1);
        for (size_t i = 0; i < n; ++i) {
            const double size = i % 11 == 0 ? 0 : std::pow(10, exponent(chance));
            p.push_back(static_cast<float>(unit(chance)));
            m.push_back(static_cast<float>(unit(chance) * size));
            v.push_back(static_cast<float>(size * size));
            g.push_back(i % 7 == 0 ? 0 : static_cast<float>(unit(chance) * size));
        }
    }
};

/// What is left of `p` after decay less `change`; both are rounded, and so is their difference.
void expect_moved(float moved, float p, float decay, double change) {
    const double left = static_cast<double>(p) * decay, expected = left - change;
    const double rounding = 6e-8 * (std::abs(left) + std::abs(expected));
    EXPECT_NEAR(moved, expected, kTolerance * std::abs(change) + rounding + 1e-37);
}

double adam_change(double average, double square) {
    return kAdam.step_size * average / (std::sqrt(square) * kAdam.rms_scale + kAdam.eps);
}

class RmsLoopsOf : public ::testing::TestWithParam<const RmsLoops*> {
protected:
    const RmsLoops& loops_ = *GetParam();
};

TEST_P(RmsLoopsOf, adam_moves_rows_without_gradient) {
    for (const int64_t n : {1, 7, 8, 15, 16, 33, 1000}) {
        const Numbers before(static_cast<size_t>(n));
        Numbers now = before;
        loops_.adam_untouched(now.p.data(), now.m.data(), now.v.data(), n, kAdam);
        for (size_t i = 0; i < now.p.size(); ++i) {
            SCOPED_TRACE(::testing::Message() << "number " << i << " of " << n);
            EXPECT_EQ(now.m[i], before.m[i] * kAdam.mom);
            EXPECT_EQ(now.v[i], before.v[i] * kAdam.sqr_mom);
            expect_moved(now.p[i], before.p[i], kAdam.decay, adam_change(now.m[i], now.v[i]));
        }
    }
}

TEST_P(RmsLoopsOf, adam_moves_touched_rows_alone) {
    constexpr int64_t kRows = 40, kWidth = 50;
    const std::vector<int64_t> rows = {0, 3, 4, 39};
    const Numbers before(kRows * kWidth);
    Numbers now = before;
    const Touched touched = {rows.data(), before.g.data(), std::ssize(rows), kWidth};
    loops_.adam_touched(now.p.data(), now.m.data(), now.v.data(), touched, kAdam);
    Numbers expected = before;
    for (size_t k = 0; k < rows.size(); ++k) {
        for (int64_t j = 0; j < kWidth; ++j) {
            const auto i = static_cast<size_t>(rows[k] * kWidth + j);
            const double g =
                static_cast<double>(before.g[k * kWidth + static_cast<size_t>(j)]) + kAdam.l2 * before.p[i];
            const double average = kAdam.mom * before.m[i] + (1 - kAdam.mom) * g;
            SCOPED_TRACE(::testing::Message() << "number " << j << " of row " << rows[k]);
            EXPECT_NEAR(now.m[i], average, 4e-7 * (std::abs(g) + std::abs(before.m[i])));
            EXPECT_NEAR(now.v[i], kAdam.sqr_mom * before.v[i] + (1 - kAdam.sqr_mom) * g * g, 4e-7 * now.v[i] + 1e-37);
            expect_moved(now.p[i], before.p[i], kAdam.decay, adam_change(now.m[i], now.v[i]));
            expected.p[i] = now.p[i], expected.m[i] = now.m[i], expected.v[i] = now.v[i];
        }
    }
    EXPECT_EQ(now.p, expected.p);
    EXPECT_EQ(now.m, expected.m);
    EXPECT_EQ(now.v, expected.v);
}

TEST_P(RmsLoopsOf, adagrad_moves_touched_rows) {
    constexpr int64_t kRows = 9, kWidth = 57;
    constexpr float kLr = 0.05F, kEps = 1e-8F, kDecay = 0.999F;
    const std::vector<int64_t> rows = {1, 8};
    const Numbers before(kRows * kWidth);
    Numbers now = before;
    loops_.adagrad_touched(now.p.data(), now.v.data(), {rows.data(), before.g.data(), std::ssize(rows), kWidth}, kLr,
                           kEps, kDecay, /*l2=*/0);
    for (size_t k = 0; k < rows.size(); ++k) {
        for (int64_t j = 0; j < kWidth; ++j) {
            const auto i = static_cast<size_t>(rows[k] * kWidth + j);
            const double g = before.g[k * kWidth + static_cast<size_t>(j)];
            SCOPED_TRACE(::testing::Message() << "number " << j << " of row " << rows[k]);
            EXPECT_NEAR(now.v[i], before.v[i] + g * g, 2e-7 * now.v[i] + 1e-37);
            expect_moved(now.p[i], before.p[i], kDecay, kLr * g / (std::sqrt(static_cast<double>(now.v[i])) + kEps));
        }
    }
    EXPECT_EQ(now.p[0], before.p[0]);
}

INSTANTIATE_TEST_SUITE_P(Both, RmsLoopsOf, ::testing::Values(&kExactRmsLoops, &kEstimatedRmsLoops),
                         [](const auto& way) { return way.param == &kExactRmsLoops ? "exact" : "estimated"; });

}  // namespace rms_loops_test
}  // namespace embark::rows
