#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../core/device.h"
#include "row_source.h"
#include "samplers.h"
#include "transforms.h"

namespace embark {

/// How a DataLoader makes batches.
struct DataLoaderOptions {
    int64_t batch_size = 64;  ///< rows in a batch
    /// A new permutation of the rows each epoch.
    bool shuffle = false;
    /// Leave out the last batch where it is short, unless it is the only one.
    bool drop_last = false;
    /// The permutation of an epoch follows from (seed, epoch) alone.
    uint64_t seed = 42;
    at::Device device = default_device();  ///< where the batches' tensors are
    /// Of streamed rows: how many are in memory at once to be mixed, besides as many that are being read.
    int64_t shuffle_buffer = 1'000'000;
    /// Which rows an epoch has, in the place of `shuffle`: of tensors in memory, and of a data set whose samples have
    /// numbers.
    Sampler sampler = {};
    /// An epoch goes so many times through the rows at once, each time in an order of its own: a batch has `batch_size`
    /// rows of each pass, and its row i is one of pass i % passes. For members of a model that are trained side by side,
    /// each on rows of its own. Of rows that have numbers, as for a sampler.
    int64_t passes = 1;
    /// What is done to each batch on `device`, one after the other.
    std::vector<BatchTransform> batch_transforms = {};
    /// Do random transforms too, of samples and of batches, as in training. What they draw follows from (seed, epoch,
    /// place of the sample in the epoch) or (seed, epoch, number of the batch) alone.
    bool augment = false;
};

/// The batches of a data set, whose rows come from tensors in memory or from elsewhere (see RowSource). An immutable
/// handle; copies share the data.
class DataLoader {
public:
    /// Batches of tensors that stay in memory, on the options' device. Throws UsageError for a batch size or a
    /// shuffle_buffer below 1, Error for no inputs, no rows, tensors of different lengths, or a sampler that gives
    /// something else than rows.
    explicit DataLoader(TensorDataset data, DataLoaderOptions options = {});

    /// Batches of rows that come from elsewhere. Throws as above, and UsageError for a null source, or a sampler of
    /// rows that come in an order of their own.
    explicit DataLoader(std::shared_ptr<const RowSource> source, DataLoaderOptions options = {});

    /// One pass over the data, whose batches can be taken in any order, best one after the other.
    class Epoch {
    public:
        /// Batches in the pass.
        int64_t size() const { return size_; }
        /// Batch `i`, 0 <= i < size(), on the loader's device. Of a share, what is this process's; where nothing is,
        /// some row that counts for nothing.
        Batch operator[](int64_t i) const;
        /// Rows of batch `i`, in all processes together.
        int64_t rows(int64_t i) const;
        /// Whether batches are shared already: a process gets no more than its part.
        bool is_shared() const { return pass_->is_shared(); }

        /// Goes over the batches, one after the other: `for (const Batch& batch : loader.epoch(0))`.
        class Iterator {
        public:
            /// The batch, which is made here.
            Batch operator*() const { return (*epoch_)[i_]; }
            /// On to the next batch.
            Iterator& operator++() {
                ++i_;
                return *this;
            }
            /// Whether both stand at different batches.
            bool operator!=(const Iterator& other) const { return i_ != other.i_; }

        private:
            friend class Epoch;
            Iterator(const Epoch* epoch, int64_t i) : epoch_(epoch), i_(i) {}
            const Epoch* epoch_;
            int64_t i_;
        };
        /// The first batch.
        Iterator begin() const { return {this, 0}; }
        /// Behind the last batch.
        Iterator end() const { return {this, size_}; }

    private:
        friend class DataLoader;

        std::shared_ptr<const RowSource> source_;
        std::shared_ptr<RowPass> pass_;
        DataLoaderOptions options_;
        std::optional<uint64_t> augment_;
        Share share_;
        int64_t rows_ = 0;
        int64_t rows_at_once_ = 0;
        int64_t size_ = 0;
    };

    /// Pass number `number` (0, 1, …): `for (const Batch& batch : loader.epoch(0))`. A `share` is taken where the
    /// source can read it alone; of data in memory every process has all.
    Epoch epoch(int64_t number, Share share = {}) const;

    /// The first batch of epoch 0.
    Batch one_batch() const { return epoch(0)[0]; }

    /// The first `n` rows, fewer where there are fewer, in their own order and without random transforms.
    Batch first_rows(int64_t n) const;

    /// Rows to look at the data by: all where they are in memory, else about `shuffle_buffer` of them, on the CPU.
    TensorDataset sample() const;

    /// The same rows, each once and in their own order, without random transforms.
    DataLoader in_order() const;
    /// The same loader with other DataLoaderOptions::passes. Throws UsageError where they cannot be.
    DataLoader with_passes(int64_t passes) const;
    /// As in_order(), with random transforms, which draw other numbers for each `number`.
    DataLoader augmented(int64_t number) const;

    /// Batches in an epoch.
    int64_t size() const;
    /// Rows in the data set, whether or not the last ones are dropped.
    int64_t rows() const { return source_->rows(); }
    /// What the constructor was given.
    const DataLoaderOptions& options() const { return options_; }
    /// Where the rows come from. Not null.
    const std::shared_ptr<const RowSource>& source() const { return source_; }
    /// All rows. Throws Error where they are not in memory.
    const TensorDataset& data() const { return source_->data(); }
    /// Whether rows have weights.
    bool is_weighted() const { return source_->is_weighted(); }
    /// Options that the order of rows follows from, besides those that every loader has, by name.
    std::map<std::string, int64_t> order_settings() const;
    /// The source's facts, and which sampler and transforms of batches there are.
    std::map<std::string, std::string> facts() const;

private:
    PassOptions pass_options(int64_t number, Share share) const;
    /// The sampler's rows of a pass whose order follows from `seed`. Throws Error where they are none.
    at::Tensor sampled(uint64_t seed) const;
    /// The rows of epoch `number`, where the source's own order is not enough, else undefined.
    at::Tensor order(int64_t number) const;
    /// Rows of a whole batch.
    int64_t rows_at_once() const { return options_.batch_size * options_.passes; }

    std::shared_ptr<const RowSource> source_;
    DataLoaderOptions options_;
    int64_t pass_rows_ = 0;
    int64_t augmented_ = 0;
};

}  // namespace embark
