#pragma once

#include <cstddef>
#include <vector>

namespace embark {

/// A learning rate for all parameter groups, or one for each. A number is a LearningRate; see slice().
class LearningRate {
public:
    /// One rate for all groups.
    LearningRate(double lr) : first_(lr), last_(lr) {}

    /// The rate of each of `n_groups` groups, first to last. Throws UsageError for a rate that is not finite and above
    /// 0.
    std::vector<double> for_groups(size_t n_groups) const;

    /// The last group's rate.
    double last() const { return last_; }

    /// This rate times `factor`, every group's.
    LearningRate operator*(double factor) const;

private:
    friend LearningRate slice(double last);
    friend LearningRate slice(double first, double last);
    enum class Spread { equal, tenth, geometric };
    LearningRate(double first, double last, Spread spread) : first_(first), last_(last), spread_(spread) {}

    double first_, last_;
    Spread spread_ = Spread::equal;
};

/// `last` for the last parameter group and last/10 for those before it: fastai's slice(last).
LearningRate slice(double last);

/// From `first` for the first parameter group to `last` for the last, in equal ratios: fastai's slice(first, last).
LearningRate slice(double first, double last);

}  // namespace embark
