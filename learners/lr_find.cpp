#include "lr_find.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/error.h"

namespace embark {

namespace {

/// The part of a curve that suggestions are made from.
struct LossCurve {
    std::vector<double> lrs, losses;
    size_t size() const { return losses.size(); }
};

/// The curve without its first tenth (of the asked iterations) and its last five points, up to the first loss that is
/// not finite.
LossCurve trimmed(const LrFind& found, int64_t num_it) {
    const auto finite =
        std::find_if_not(found.losses.begin(), found.losses.end(), [](double x) { return std::isfinite(x); });
    const auto begin = std::min<int64_t>(num_it / 10, static_cast<int64_t>(found.losses.size()));
    const auto end = std::min<int64_t>(static_cast<int64_t>(found.losses.size()) - 5, finite - found.losses.begin());
    if (end <= begin) return {};
    return {{found.lrs.begin() + begin, found.lrs.begin() + end},
            {found.losses.begin() + begin, found.losses.begin() + end}};
}

LrSuggestion too_short(const LossCurve& curve, size_t needed) {
    return {.reason = concat("the curve has ", curve.size(), " points after its first tenth and before its last five, ",
                             needed, " are needed")};
}

bool never_falls(const LossCurve& curve) {
    return std::is_sorted(curve.losses.begin(), curve.losses.end());
}

LrSuggestion suggest_valley(const LossCurve& curve) {
    constexpr size_t kNeeded = 4;
    if (curve.size() < kNeeded) return too_short(curve, kNeeded);
    if (never_falls(curve)) return {.reason = "the loss never falls"};
    // The longest decreasing subsequence, by its length at each end point.
    std::vector<int> length(curve.size(), 1);
    size_t end = 0;
    for (size_t i = 1; i < curve.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
            if (curve.losses[i] < curve.losses[j]) length[i] = std::max(length[i], length[j] + 1);
        }
        if (length[end] < length[i]) end = i;
    }
    const int start = static_cast<int>(end) - length[end];
    const double section = (static_cast<double>(end) - start) / 3;
    const int at = start + static_cast<int>(section) + static_cast<int>(section / 2);
    return {.lr = curve.lrs[static_cast<size_t>(std::max(at, 0))]};
}

/// numpy.gradient with unit spacing: central differences, one-sided at both ends.
std::vector<double> gradient(const std::vector<double>& y) {
    std::vector<double> slope(y.size());
    for (size_t i = 0; i < y.size(); ++i) {
        const size_t left = i == 0 ? 0 : i - 1, right = std::min(i + 1, y.size() - 1);
        slope[i] = (y[right] - y[left]) / static_cast<double>(right - left);
    }
    return slope;
}

LrSuggestion suggest_slide(const LossCurve& curve) {
    constexpr size_t kWindow = 15;
    constexpr double kThreshold = 0.005;
    if (curve.size() < kWindow + 1) return too_short(curve, kWindow + 1);
    const auto slope = gradient(curve.losses);
    size_t right = curve.size() - 1;
    double lr = curve.lrs[right - kWindow];
    while (std::abs(slope[right] - slope[right - kWindow]) > kThreshold) {
        lr = curve.lrs[right - kWindow];
        if (right == kWindow) break;
        --right;
    }
    return {.lr = lr};
}

LrSuggestion suggest_minimum(const LossCurve& curve) {
    if (curve.size() == 0) return too_short(curve, 1);
    const auto lowest = std::min_element(curve.losses.begin(), curve.losses.end()) - curve.losses.begin();
    return {.lr = curve.lrs[static_cast<size_t>(lowest)] / 10};
}

LrSuggestion suggest_steep(const LossCurve& curve) {
    if (curve.size() < 2) return too_short(curve, 2);
    if (never_falls(curve)) return {.reason = "the loss never falls"};
    size_t steepest = 0;
    double lowest = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i + 1 < curve.size(); ++i) {
        const double slope =
            (curve.losses[i + 1] - curve.losses[i]) / (std::log(curve.lrs[i + 1]) - std::log(curve.lrs[i]));
        if (slope < lowest) {
            lowest = slope;
            steepest = i;
        }
    }
    return {.lr = curve.lrs[steepest]};
}

}  // namespace

LrFind suggest_lr(std::vector<double> lrs, std::vector<double> losses, int64_t num_it) {
    require(lrs.size() == losses.size(), "suggest_lr was given ", lrs.size(), " learning rates for ", losses.size(),
            " losses");
    LrFind found{.lrs = std::move(lrs), .losses = std::move(losses)};
    const LossCurve curve = trimmed(found, num_it);
    found.valley = suggest_valley(curve);
    found.slide = suggest_slide(curve);
    found.minimum = suggest_minimum(curve);
    found.steep = suggest_steep(curve);
    return found;
}

}  // namespace embark
