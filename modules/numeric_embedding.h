#pragma once

#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "n_linear.h"
#include "numeric_embedding_options.h"

namespace embark {

/// Bins for piecewise-linear embeddings of the columns of x, (n, n_cont): the edges are the distinct ones among each
/// column's quantiles at `n_bins` equal steps, as the paper has them, and distinct as floats. A column with one value
/// alone has one bin from it.
std::vector<std::vector<double>> quantile_bins(const at::Tensor& x, int64_t n_bins = 48);

/// Numbers as vectors: x is (n, n_cont), the result (n, n_cont · width), the values of each number side by side.
///
/// Periodic: `frequencies` (n_cont, n_frequencies), normal with the deviations `frequency_scales`, cut at three of
/// them; then `linear`, a Linear for all numbers or an NLinear.
///
/// Piecewise linear: bin t of edges b has e_t = (x − b_t)/(b_{t+1} − b_t), not below 0 but in the first bin and not
/// above 1 but in the last, so that a number outside its bins is extrapolated; then `linear`, an NLinear. Buffers
/// `bin_low`, `bin_width`, `bin_min`, `bin_max`, (n_cont, bins): where a bin begins, how wide it is, and between what
/// e is kept. Numbers of fewer bins have zeros behind theirs.
///
/// Throws UsageError for kind none, sizes below 1, frequency_scales that are not positive and ascending, and bins that
/// are not ascending or not there for each number.
class NumericEmbeddingImpl : public torch::nn::Cloneable<NumericEmbeddingImpl> {
public:
    /// For x of `n_cont` numbers. Throws as the class says.
    NumericEmbeddingImpl(int64_t n_cont, NumericEmbeddingOptions options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Vectors (n, n_cont · width) for x (n, n_cont).
    at::Tensor forward(const at::Tensor& x);

    int64_t n_cont = 0;                        ///< numbers that x has
    NumericEmbeddingOptions options;           ///< what it was made with
    at::Tensor frequencies;                    ///< periodic: the trained coefficients
    at::Tensor bin_low,                        ///< piecewise linear: where bins begin
        bin_width,                             ///< how wide they are
        bin_min,                               ///< the least
        bin_max;                               ///< and the most that e can be
    torch::nn::Linear shared_linear{nullptr};  ///< periodic, shared: one layer for all numbers
    NLinear linear{nullptr};                   ///< else: a layer for each number

private:
    void reset_bins();
    at::Tensor encode(const at::Tensor& x) const;
};
TORCH_MODULE(NumericEmbedding);
/// Deprecated name of NumericEmbedding.
using NumberEmbedder [[deprecated("NumericEmbedding since 0.2")]] = NumericEmbedding;

}  // namespace embark
