#include "learning_rate.h"

#include <cmath>

#include "../core/error.h"

namespace embark {

std::vector<double> LearningRate::for_groups(size_t n_groups) const {
    for (const double lr : {first_, last_}) {
        require<UsageError>(std::isfinite(lr) && lr > 0, "Invalid learning rate ", lr, ": it must be a number above 0");
    }
    std::vector<double> rates(n_groups, spread_ == Spread::tenth ? last_ / 10 : last_);
    if (spread_ == Spread::geometric && n_groups > 1) {
        const double step = std::pow(last_ / first_, 1.0 / static_cast<double>(n_groups - 1));
        for (size_t i = 0; i < n_groups; ++i) rates[i] = first_ * std::pow(step, static_cast<double>(i));
    }
    if (!rates.empty()) rates.back() = last_;
    return rates;
}

LearningRate LearningRate::operator*(double factor) const {
    return {first_ * factor, last_ * factor, spread_};
}

LearningRate slice(double last) {
    return {last, last, LearningRate::Spread::tenth};
}

LearningRate slice(double first, double last) {
    return {first, last, LearningRate::Spread::geometric};
}

}  // namespace embark
