#pragma once

#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/pimpl.h>

#include "../core/tensors.h"
#include "layers.h"
#include "numeric_embedding.h"
#include "sync_batch_norm.h"
#include "value_embedding.h"

namespace embark {

/// Rows, `#na#` included, and width of one embedding.
struct EmbeddingSize {
    int64_t rows = 0;   ///< of the categories, `#na#` included
    int64_t width = 0;  ///< numbers that a category becomes
};

/// fastai's rule for the width of an embedding of so many rows: min(600, round(1.6·rows^0.56)). Throws UsageError below
/// one row.
int64_t embedding_width(int64_t rows);

/// One thing that a tabular model predicts.
struct TabularOutput {
    /// Numbers a row.
    int64_t size = 1;
    /// The numbers are logits of `size` classes.
    bool classes = false;
};

/// Sizes and settings of a TabularModel; fastai's names and defaults.
struct TabularModelOptions {
    /// One a category.
    std::vector<EmbeddingSize> embeddings = {};
    int64_t n_cont = 0;                                      ///< continuous columns
    std::vector<TabularOutput> outputs = {TabularOutput{}};  ///< one for each target, in their order
    /// Widths of the hidden layers.
    std::vector<int64_t> layers = {200, 100};
    /// Dropout after each hidden layer: none, one number for all, or one each.
    std::vector<double> ps = {};
    /// Dropout of the categories' embeddings.
    double embed_p = 0;
    /// Outputs that are no classes are brought into this range by sigmoid_range; empty: left as they are.
    Range y_range = {};
    /// Batch norm of the hidden layers.
    bool use_bn = true;
    /// Batch norm of the last layer too.
    bool bn_final = false;
    /// Batch norm of the numbers, where they are not embedded: embeddings belong to the numbers as they were.
    bool bn_cont = true;
    /// A layer is linear, ReLU, batch norm, dropout; false: batch norm, dropout, linear, ReLU.
    bool lin_first = true;
    /// What numbers become first.
    NumericEmbeddingOptions numbers = {};
    /// What numbers of few values become besides; without values: nothing.
    ValueEmbeddingOptions values = {};
    /// More than 1: an ensemble of so many members that share all layers but the last, TabM-mini (Gorishniy et al.,
    /// arXiv:2410.24210). The paper's networks have no batch norm: use_bn false.
    int64_t members = 1;
    /// Where it can, small batches in training go through all of it as one node of autograd, which is faster and has
    /// no second derivatives; false: operation by operation.
    bool fused = true;
};

/// fastai's TabularModel, with its layers, initialisation and names of parameters: embeddings of the categories and the
/// numbers, side by side, go through linear layers. x_cat is (n, categories) int64, x_cont (n, n_cont) float, either of
/// width 0 where there are none; the result has a tensor (n, size) for each output.
///
/// With `members` k > 1 the layers get k copies of each row, copy m times adapter[m], random signs at first, and each
/// member has a last layer of its own; batch norm is one over the n·k rows. In training outputs are (n, k, size), for
/// members_loss. In eval mode they are (n, size): the mean over the members, of classes the logarithm of the mean of
/// their softmax, so that its softmax is the mean probability.
///
/// Parameters: `embeds.I.weight`, `bn_cont.…` or `numbers.…` (NumericEmbedding's), `values.…` (ValueEmbedder's),
/// `adapter` (k, features) and `layers.I.J.…`, where J counts the parts of layer I: Linear, ReLU, BatchNorm1d, Dropout,
/// those that there are.
///
/// Throws UsageError for settings that can never be right.
class TabularModelImpl : public torch::nn::Cloneable<TabularModelImpl> {
public:
    /// Throws as the class says.
    explicit TabularModelImpl(TabularModelOptions options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;
    /// Throws Error where a width is not the model's.
    Tensors forward(const at::Tensor& x_cat, const at::Tensor& x_cont);

    TabularModelOptions options;            ///< what it was made with
    torch::nn::ModuleList embeds{nullptr},  ///< one for each category
        layers{nullptr};                    ///< the hidden layers, and one for all outputs
    torch::nn::Dropout emb_drop{nullptr};   ///< of the categories' embeddings
    SyncBatchNorm1d bn_cont{nullptr};       ///< of the numbers, where it is asked for
    NumericEmbedding numbers{nullptr};      ///< of the numbers, where they are embedded
    ValueEmbedder values{nullptr};          ///< of numbers of few values, where there are any
    at::Tensor adapter;                     ///< (members, features); undefined for one member

private:
    int64_t n_features() const;
    void append_layers();
    at::Tensor features(const at::Tensor& x_cat, const at::Tensor& x_cont);
    at::Tensor pass(const at::Tensor& x_cat, const at::Tensor& x_cont);
    at::Tensor finish(at::Tensor x, const TabularOutput& output) const;
};
TORCH_MODULE(TabularModel);

}  // namespace embark
