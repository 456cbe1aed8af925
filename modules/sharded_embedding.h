#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "../distributed/strategy.h"

namespace embark {

/// Sizes of a ShardedEmbedding, by torch::nn::Embedding's names, and who holds it.
struct ShardedEmbeddingOptions {
    int64_t num_embeddings = 0;  ///< rows of the whole table
    int64_t embedding_dim = 0;   ///< width of a row
    /// How the processes that hold the table together do it; null: Strategy::from_environment().
    std::shared_ptr<Strategy> strategy = {};
};

/// torch::nn::Embedding whose table is split by rows over the processes that train together, so that it may be larger
/// than the memory of one: rank r of W has the r-th of W ranges of rows, as even as can be.
///
///     ShardedEmbedding users(20'000'000, 32);
///     auto rows = users(ids);
///
/// The distinct rows that a batch needs come from whoever has them, and the backward pass sends their gradients back:
/// each process's gradient of its own rows is the sum over all processes, a sparse tensor. So a Learner trains it with
/// lazy updates, and by all processes together, whether or not it was told to. In one process it is an
/// embedding as any other.
///
/// All processes must make it, call forward() and go backward together: each with its own ids, and as often as the
/// others. On the CPU.
///
/// Parameter: `weight` (this process's rows, embedding_dim).
class ShardedEmbeddingImpl : public torch::nn::Cloneable<ShardedEmbeddingImpl> {
public:
    /// Of these sizes, held by the processes of Strategy::from_environment(). Throws as the one below.
    ShardedEmbeddingImpl(int64_t num_embeddings, int64_t embedding_dim);
    /// Throws UsageError for sizes below 1, and for fewer rows than processes.
    explicit ShardedEmbeddingImpl(ShardedEmbeddingOptions options);
    void reset() override;
    void pretty_print(std::ostream& stream) const override;

    /// Standard normal values: the very ones that torch::nn::Embedding would draw from rank 0's random numbers, which
    /// all processes go on with. They are drawn in pieces, of which each process keeps its own, so that the whole table
    /// is nowhere.
    void reset_parameters();
    /// fastai's values instead: those of trunc_normal_() of the whole table.
    void trunc_normal_(double std = 0.01);

    /// The rows of `ids`, int64 of any shape: (…, embedding_dim). Throws Error for ids that the table does not have.
    at::Tensor forward(const at::Tensor& ids);

    /// Never null.
    const std::shared_ptr<Strategy>& strategy() const { return strategy_; }
    /// The rows that this process has.
    RowRange rows() const { return strategy_->share().part(options.num_embeddings); }

    ShardedEmbeddingOptions options;  ///< what it was made with
    at::Tensor weight;                ///< this process's rows of the table

private:
    void fill(const std::function<void(at::Tensor&)>& draw);

    std::shared_ptr<Strategy> strategy_;
};
TORCH_MODULE(ShardedEmbedding);

/// The module's ShardedEmbeddings, by the full names of their parameters, as "users.weight".
std::map<std::string, ShardedEmbeddingImpl*> sharded_embeddings(const torch::nn::Module& module);

}  // namespace embark
