#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>
#include <torch/torch.h>

#include "../n_linear.h"
#include "../sync_batch_norm.h"

namespace embark {

/// Settings of a LinBnDrop.
struct LinBnDropOptions {
    int64_t n_in = 0;
    int64_t n_out = 0;
    bool bn = true;
    double p = 0;
    /// A ReLU behind the linear layer.
    bool act = false;
    /// Linear, ReLU, batch norm, dropout; false: batch norm, dropout, linear, ReLU.
    bool lin_first = false;
    /// More than 1: each member has a linear layer of its own. The rows of a sample's members lie one after another.
    int64_t members = 1;
};

/// fastai's LinBnDrop: (rows, n_in) -> (rows, n_out), its parts named "0", "1", … in the order in which they act.
/// Where there is batch norm the linear layer has no bias, and there is a dropout only where p is not 0.
class LinBnDropImpl : public torch::nn::Cloneable<LinBnDropImpl> {
public:
    explicit LinBnDropImpl(const LinBnDropOptions& options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    at::Tensor forward(const at::Tensor& x);
    /// That of its parameters, in which it computes.
    at::ScalarType scalar_type() const { return (linears ? linears->weight : linear->weight).scalar_type(); }

    LinBnDropOptions options;
    torch::nn::Linear linear{nullptr};
    NLinear linears{nullptr};
    torch::nn::ReLU relu{nullptr};
    SyncBatchNorm1d norm{nullptr};
    torch::nn::Dropout dropout{nullptr};

private:
    template <class Layer>
    Layer append(Layer layer);
    void append_linear();
    void append_norm();
    at::Tensor apply_linear(const at::Tensor& x);
    at::Tensor apply_norm(at::Tensor x);
};
TORCH_MODULE(LinBnDrop);

}  // namespace embark
