#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "../../plots/plot.h"

namespace embark {

/// The directions along which vectors differ most, the largest variance first.
struct PrincipalComponents {
    /// (n, k): each vector along the directions, measured from the vectors' mean.
    at::Tensor projected;
    /// (k, d): the directions, orthogonal and of length 1.
    at::Tensor components;
    /// (k) float64: the share of all variance that lies along each.
    at::Tensor explained_variance_ratio;
};

/// The first `k` principal components of `vectors`, (n, d), computed in float64: fastai's `tensor.pca(k)`, which gives
/// `projected` alone. Of each direction the largest component is positive, as in scikit-learn's PCA, so that the same
/// vectors give the same picture. Throws Error for vectors that are not finite numbers in two dimensions, and where k
/// is not from 1 to min(n, d).
///
///     pca(learn.item_factors(), 3).projected
PrincipalComponents pca(const at::Tensor& vectors, int64_t k = 2);

/// What plot_scatter writes around the points.
struct ScatterOptions {
    std::string title = {};     ///< above the plot; empty: nothing
    std::string x_title = "x";  ///< at the horizontal axis
    std::string y_title = "y";  ///< at the vertical axis
};

/// Points (n, 2), each with its name, which shows when the pointer is over it, and stands beside it where there are at
/// most 60. Of more than 3000 points as many are drawn, evenly spaced among them, and the title says so. Throws Error
/// for points of another shape, and for other than one name a point.
Plot plot_scatter(const at::Tensor& points, const std::vector<std::string>& names, const ScatterOptions& options = {});

/// The vectors (n, d) along their first two principal components, each with its name; the axes say how much of the
/// variance they show. Throws as pca and plot_scatter do.
///
///     plot_pca(learn.embedding("city"), dls.classes().at("city").names()).save("cities.html");
Plot plot_pca(const at::Tensor& vectors, const std::vector<std::string>& names,
              const std::string& title = "Principal components");

}  // namespace embark
