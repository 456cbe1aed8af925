#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace embark {

/// Sizes of an NLinear.
struct NLinearOptions {
    int64_t n = 0;      ///< how many layers
    int64_t n_in = 0;   ///< numbers that each takes
    int64_t n_out = 0;  ///< numbers that each gives
    bool bias = true;   ///< whether they have one
};

/// `n` linear layers side by side, each initialised as a Linear of its own: x is (rows, n, n_in), the result (rows, n,
/// n_out), where x[:, i] went through layer i.
///
/// Parameters: `weight` (n, n_in, n_out), `bias` (n, n_out).
class NLinearImpl : public torch::nn::Cloneable<NLinearImpl> {
public:
    /// Throws UsageError for sizes below 1.
    explicit NLinearImpl(const NLinearOptions& options);
    void reset() override;
    /// New first values.
    void reset_parameters();
    void pretty_print(std::ostream& stream) const override;
    /// All layers' outputs (rows, n, n_out) for x (rows, n, n_in).
    at::Tensor forward(const at::Tensor& x);

    NLinearOptions options;  ///< what it was made with
    at::Tensor weight,       ///< (n, n_in, n_out)
        bias;                ///< (n, n_out); undefined without
};
TORCH_MODULE(NLinear);

}  // namespace embark
