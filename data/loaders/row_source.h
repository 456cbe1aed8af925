#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "../../distributed/share.h"
#include "batch.h"

namespace embark {

/// How one pass over the rows of a source is made.
struct PassOptions {
    int64_t batch_size = 64;  ///< rows in a batch
    /// The rows' order follows from it alone; nothing: they keep their own.
    std::optional<uint64_t> seed = {};
    /// What of each batch this process is given, by sources of which it can read that alone.
    Share share = {};
    /// For sources that are not in memory: how many rows are mixed at once.
    int64_t shuffle_buffer = 1'000'000;
    /// For sources that take an order: the rows of the pass (1-d int64, on the CPU), which come as they stand here
    /// whatever the seed. Undefined: all rows.
    at::Tensor order = {};
    /// What rows draw at random as they are made follows from it.
    uint64_t random = 0;
    /// What random transforms draw follows from it; nothing: they are not done.
    std::optional<uint64_t> augment = {};
};

/// One pass over all rows of a source, each once, or over those it was given an order of, which the source outlives.
/// Batches can be taken in any order, best one after the other, from one thread at a time.
class RowPass {
public:
    virtual ~RowPass();

    /// Batch `i`, counted from 0: `batch_size` rows, or what is left for the last one. Where batches are shared, this
    /// process's part of it, or some row that counts for nothing where it has none.
    virtual Batch batch(int64_t i) = 0;

    /// Whether a process gets no more than its share; else every process gets the whole batch.
    virtual bool is_shared() const { return false; }
};

/// Where the rows of a DataLoader come from, and in which order. Tensors in memory, Parquet files (StreamedRows) and a
/// class of your own are the same to it. A source does not change; its functions are called from several threads.
class RowSource {
public:
    virtual ~RowSource();

    /// How many rows there are.
    virtual int64_t rows() const = 0;

    /// Where they come from, for messages: "ratings/".
    virtual std::string source() const = 0;

    /// One pass over the rows. Never null.
    virtual std::unique_ptr<RowPass> pass(const PassOptions& options) const = 0;

    /// Whether batches have weights.
    virtual bool is_weighted() const { return false; }

    /// Whether rows are at hand by their numbers, so that a pass can have PassOptions::order.
    virtual bool takes_order() const { return false; }

    /// A source of the rows `rows` (1-d int64), one for each entry. Throws Error where rows cannot be taken by number.
    virtual std::shared_ptr<const RowSource> taken(const at::Tensor& rows) const;

    /// The first rows in their own order, `n` <= rows() of them, which draw at random as in a pass with this `random`.
    virtual Batch first_rows(int64_t n, uint64_t random) const;

    /// Rows to look at the data by: `n` <= rows() that follow from `seed`, or all where they are at hand.
    virtual TensorDataset sample(int64_t n, uint64_t seed) const;

    /// All rows. Throws Error where they are not in memory.
    virtual const TensorDataset& data() const;

    /// What processes that train together must have in common, by name: {"content", "checksum 3f2c81aa"}. All the rows
    /// where that costs little, else what tells them from others.
    virtual std::map<std::string, std::string> facts() const { return {}; }

    /// Options that the order of rows follows from, besides seed and batch size, by name: a fit that is resumed must
    /// have the same.
    virtual std::map<std::string, int64_t> order_settings(const PassOptions& /*options*/) const { return {}; }
};

}  // namespace embark
