#pragma once

#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// How a column of numbers is brought to a size that networks learn from.
enum class Scaling {
    standard,  ///< (x − mean) / (σ + 1e-7), σ that of the whole population: fastai's Normalize. Where σ is below 1e-4,
               ///< a thousandth of it stands for the 1e-7, so that small numbers are brought to the same size
    robust,    ///< (x − median) / (third − first quartile): outliers do not count
    quantile,  ///< the normal distribution's value at x's rank among the training values, from −5.2 to 5.2; the middle
               ///< of their ranks for a value that many rows share
    none,  ///< as it is
    automatic,  ///< standard, but quantile for a column with a value that is more than a hundred times as far from the
                ///< median as the quartiles are apart, so that outliers do not make all others alike
};

/// "standard", "robust", …
std::string_view to_string(Scaling scaling);
/// Throws UsageError for another word, and lists those that there are.
Scaling parse_scaling(std::string_view name);

/// Scales one column of numbers as was fitted on its training values. A column with one value alone becomes 0, and so
/// does one whose values differ by a rounding error alone.
class NumberScaler {
public:
    /// Leaves numbers as they are.
    NumberScaler() = default;

    /// Fits on `values`, 1-d float64, all finite, at least one.
    static NumberScaler fit(Scaling scaling, const at::Tensor& values);

    /// A scaler of these parts, as the functions below give them.
    NumberScaler(Scaling scaling, double shift, double scale, std::vector<double> quantiles);

    /// `value`, scaled.
    double operator()(double value) const;
    /// The value that would be scaled to `scaled`; one between the smallest and the largest of training where ranks
    /// were taken.
    double inverse(double scaled) const;

    /// Of automatic scaling, what was chosen.
    Scaling scaling() const { return scaling_; }
    /// standard, robust: (x − shift) / scale.
    double shift() const { return shift_; }
    /// standard, robust: what is divided by after the shift.
    double scale() const { return scale_; }
    /// quantile: the values at equal steps of rank, ascending, the smallest and the largest included.
    const std::vector<double>& quantiles() const { return quantiles_; }

private:
    double rank(double value) const;

    Scaling scaling_ = Scaling::none;
    double shift_ = 0, scale_ = 1;
    std::vector<double> quantiles_;
};

}  // namespace embark
