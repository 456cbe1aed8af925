#pragma once

#include "metric.h"

namespace embark {

// Predictions p and targets y have one shape, or shapes that agree after flattening, as (n, 1) and (n) do; each metric
// is one over all their values, in float64. The mean of y is ȳ.

/// Mean squared error, mean of (p − y)²; lower is better.
Metric mse();
/// √ of the mean squared error over all predictions; lower is better.
Metric rmse();
/// Mean absolute error, mean of |p − y|; lower is better.
Metric mae();
/// Mean absolute percentage error, mean of |p − y| / max(|y|, 2⁻⁵²) as scikit-learn's: 0.1 is ten percent, and a target
/// of 0 makes it huge. Lower is better.
Metric mape();
/// Mean squared logarithmic error, mean of (log(1 + p) − log(1 + y))²; infinite where a value is −1, NaN below. Lower
/// is better.
Metric msle();
/// √ of the mean of ((eʸ − eᵖ) / eʸ)² over all predictions: the root mean squared percentage error of targets whose
/// logarithm the model was trained on. Lower is better.
Metric exp_rmspe();

/// 1 − Σ(y − p)² / Σ(y − ȳ)² over all predictions; higher is better, 1 the best. For targets that are all equal it is
/// scikit-learn's 1 where the predictions are right and 0 else; for one value alone it is NaN.
Metric r2_score();
/// 1 − variance(y − p) / variance(y) over all predictions: as r2_score, but a constant error costs nothing. For targets
/// that are all equal it is 1 where the error is constant and 0 else. Higher is better, 1 the best.
Metric explained_variance();
/// Pearson's correlation of p and y over all predictions, from −1 to 1; NaN where either is constant. Higher is better.
Metric pearson_corrcoef();
/// Spearman's: Pearson's correlation of the ranks of p and y, equal values sharing the mean of their ranks; NaN where
/// either is constant. Higher is better.
Metric spearman_corrcoef();

}  // namespace embark
