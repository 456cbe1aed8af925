#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace embark {

/// Sizes of an NLinear.
struct NLinearOptions {
    int64_t n = 0;
    int64_t n_in = 0;
    int64_t n_out = 0;
    bool bias = true;
};

/// `n` linear layers side by side, each initialised as a Linear of its own: x is (rows, n, n_in), the result (rows, n,
/// n_out), where x[:, i] went through layer i.
///
/// Parameters: `weight` (n, n_in, n_out), `bias` (n, n_out).
class NLinearImpl : public torch::nn::Cloneable<NLinearImpl> {
public:
    explicit NLinearImpl(const NLinearOptions& options);
    void reset() override;
    /// New first values.
    void reset_parameters();
    void pretty_print(std::ostream& stream) const override;
    at::Tensor forward(const at::Tensor& x);

    NLinearOptions options;
    at::Tensor weight, bias;
};
TORCH_MODULE(NLinear);

}  // namespace embark
