#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../../core/detail/safetensors_reader.h"
#include "../../../core/safetensors.h"
#include "../../../distributed/strategy.h"

namespace torch::nn {
class Module;
}

namespace embark {

class Optimizer;
class ShardedEmbeddingImpl;

/// The tables of a model that are split over processes (see ShardedEmbedding), and which tensors of a saved state hold
/// their rows: those of a ModelState, "model.…" and "optimizer.…".
class ShardedTables {
public:
    explicit ShardedTables(const torch::nn::Module& model);

    /// Whether the model has none.
    bool empty() const { return tables_.empty(); }
    /// How the processes that hold them work together; one process where there is no table.
    const std::shared_ptr<Strategy>& strategy() const { return strategy_; }
    /// Whether there are tables of which this process has a part.
    bool are_split() const { return !strategy_->decides_alone(); }
    /// Whether `parameter` is one of them.
    bool contains(const at::Tensor& parameter) const;

    /// The table that the state's tensor `name` belongs to row by row; null where it belongs to none. `shape` is the
    /// tensor's, of a whole table or of a process's part.
    const ShardedEmbeddingImpl* table_of(const std::string& name, at::IntArrayRef shape) const;

    /// Moves the tensors of tables out of `content`.
    TensorFile take_from(TensorFile& content) const;

    /// Puts whole tables in the place of this process's rows in rank 0's `content`, and takes them out of the others'.
    /// All processes must call it. Throws Error in all where rank 0 has not memory enough for them.
    void gather(TensorFile& content) const;

    /// Reads a file of whole tables: this process's rows of them, and all else.
    TensorFile load(const std::filesystem::path& path) const;

private:
    std::map<std::string, ShardedEmbeddingImpl*> tables_;  // by the names of their parameters
    std::shared_ptr<Strategy> strategy_ = std::make_shared<Strategy>();
};

/// Writes model and optimizer (where one is given) to one file as ModelState does, but without a copy of them: rank 0
/// of the processes that train together, with whole tables. What it throws ends all of them with one message.
void save_model_state(const std::filesystem::path& path, const torch::nn::Module& model, const Optimizer* optimizer,
                      Strategy& strategy);

/// A copy or view of the whole table in every process where `parameter` is a sharded one of the model's, else of the
/// parameter itself. On the CPU. All processes must call it.
at::Tensor whole_table(const torch::nn::Module& model, const at::Tensor& parameter);

/// Lets the model have its tables whole in rank 0 while it lives, where it is then used as one of a single process. All
/// processes must make it; throws as ShardedTables::gather.
class WholeTables {
public:
    explicit WholeTables(const torch::nn::Module& model);
    ~WholeTables();
    WholeTables(const WholeTables&) = delete;
    WholeTables& operator=(const WholeTables&) = delete;

private:
    struct Kept {
        at::Tensor parameter, rows;
    };
    std::vector<Kept> kept_;
};

}  // namespace embark
