#include "number_scaler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/native/Math.h>

#include "../core/error.h"
#include "../core/text.h"

namespace embark {

namespace {

constexpr std::array<std::pair<Scaling, std::string_view>, 5> kNames = {{{Scaling::standard, "standard"},
                                                                         {Scaling::robust, "robust"},
                                                                         {Scaling::quantile, "quantile"},
                                                                         {Scaling::none, "none"},
                                                                         {Scaling::automatic, "automatic"}}};

/// Scaling::automatic: in log-normal columns values are up to some 30 times as far away as quartiles are apart.
constexpr double kFarAway = 100;

/// How near to 0 and 1 a rank may come: scikit-learn's bound.
constexpr double kRankMargin = 1e-7;

/// So much of a number is what a sum or a product of doubles may be wrong by.
constexpr double kRounding = 0x1p-50;

/// σ of the whole population; 0 where the values differ by no more than rounding makes them.
double deviation_of(const at::Tensor& values, double mean) {
    const at::Tensor apart = values - mean;
    const double largest = apart.abs().max().item<double>();
    if (largest <= kRounding * std::abs(mean)) return 0;
    const double deviation = values.std(/*unbiased=*/false).item<double>();
    // Squares of what is this small would be 0.
    constexpr double kTiny = 1e-150;
    return largest > kTiny ? deviation : (apart / largest).std(/*unbiased=*/false).item<double>() * largest;
}

/// The values at the ranks i / (n − 1), with linear interpolation, as numpy's percentile.
std::vector<double> quantiles_of(const at::Tensor& values, int64_t n) {
    const at::Tensor ranks = at::linspace(0, 1, n, at::kDouble);
    const at::Tensor sorted = std::get<0>(values.sort());
    const at::Tensor positions = ranks * static_cast<double>(values.numel() - 1);
    const at::Tensor below = positions.floor().to(at::kLong).clamp_max(values.numel() - 1);
    const at::Tensor above = (below + 1).clamp_max(values.numel() - 1);
    const at::Tensor low = sorted.index_select(0, below), high = sorted.index_select(0, above);
    const at::Tensor found = (low + (high - low) * (positions - below)).contiguous();
    return {found.const_data_ptr<double>(), found.const_data_ptr<double>() + n};
}

}  // namespace

std::string_view to_string(Scaling scaling) {
    for (const auto& [known, name] : kNames) {
        if (known == scaling) return name;
    }
    return "";
}

Scaling parse_scaling(std::string_view name) {
    std::vector<std::string> names;
    for (const auto& [scaling, known] : kNames) {
        if (known == name) return scaling;
        names.emplace_back(known);
    }
    fail<UsageError>("Unknown scaling '", name, "'", name_hint(name, names));
}

NumberScaler::NumberScaler(Scaling scaling, double shift, double scale, std::vector<double> quantiles)
    : scaling_(scaling), shift_(shift), scale_(scale), quantiles_(std::move(quantiles)) {
    require(scaling_ != Scaling::quantile || quantiles_.size() >= 2, "A scaler by ranks needs at least two quantiles");
}

NumberScaler NumberScaler::fit(Scaling scaling, const at::Tensor& values) {
    require(values.numel() > 0, "A scaler cannot be fitted on no values");
    const auto or_one = [](double scale) { return scale > 0 ? scale : 1; };
    const bool constant = values.min().item<double>() == values.max().item<double>();
    switch (scaling) {
        case Scaling::standard: {
            const double mean = constant ? values[0].item<double>() : values.mean().item<double>();
            const double deviation = constant ? 0 : deviation_of(values, mean);
            if (deviation == 0) return {scaling, mean, 1, {}};
            // fastai's 1e-7 would take the place of a σ that is smaller.
            return {scaling, mean, deviation + std::min(1e-7, 1e-3 * deviation), {}};
        }
        case Scaling::robust: {
            const auto quartiles = quantiles_of(values, 5);
            return {scaling, quartiles[2], or_one(quartiles[3] - quartiles[1]), {}};
        }
        case Scaling::quantile:
            // Few enough that each step of rank has some 30 values to stand on.
            return {scaling, 0, 1, quantiles_of(values, std::clamp<int64_t>(values.numel() / 30, 10, 1000))};
        case Scaling::automatic: {
            const auto quartiles = quantiles_of(values, 5);
            const double farthest = std::max(quartiles[4] - quartiles[2], quartiles[2] - quartiles[0]);
            const double apart = quartiles[3] - quartiles[1];
            return fit(apart > 0 && farthest > kFarAway * apart ? Scaling::quantile : Scaling::standard, values);
        }
        case Scaling::none:
            break;
    }
    return {};
}

/// Between two quantiles by linear interpolation; on a value that several quantiles share, the middle of their ranks.
double NumberScaler::rank(double value) const {
    const auto [first, last] = std::equal_range(quantiles_.begin(), quantiles_.end(), value);
    const auto steps = static_cast<double>(quantiles_.size() - 1);
    const auto begin = static_cast<double>(first - quantiles_.begin());
    if (first != last) return (begin + static_cast<double>(last - quantiles_.begin()) - 1) / 2 / steps;
    if (first == quantiles_.begin()) return 0;
    if (first == quantiles_.end()) return 1;
    return (begin - 1 + (value - first[-1]) / (first[0] - first[-1])) / steps;
}

double NumberScaler::operator()(double value) const {
    if (scaling_ != Scaling::quantile) return (value - shift_) / scale_;
    const double p = std::clamp(rank(value), kRankMargin, 1 - kRankMargin);
    return std::numbers::sqrt2 * calc_erfinv(2 * p - 1);
}

double NumberScaler::inverse(double scaled) const {
    if (scaling_ != Scaling::quantile) return scaled * scale_ + shift_;
    const double position = std::erfc(-scaled / std::numbers::sqrt2) / 2 * static_cast<double>(quantiles_.size() - 1);
    const auto below = std::min(static_cast<size_t>(position), quantiles_.size() - 2);
    const double low = quantiles_[below], high = quantiles_[below + 1];
    return low + (high - low) * (position - static_cast<double>(below));
}

}  // namespace embark
