#pragma once

#include <cstdint>
#include <memory>

#include "batch.h"

namespace embark {

/// How a DataLoader makes batches.
struct DataLoaderOptions {
    int64_t batch_size = 64;
    /// A new permutation of the rows each epoch.
    bool shuffle = false;
    /// Leave out the last batch where it is short, unless it is the only one.
    bool drop_last = false;
    /// The permutation of an epoch follows from (seed, epoch) alone.
    uint64_t seed = 42;
    at::Device device = at::kCPU;
};

/// The batches of a data set that was encoded once to contiguous tensors: a batch is one index_select a tensor (a view
/// where nothing is shuffled). An immutable handle; copies share the data.
class DataLoader {
public:
    /// Throws UsageError for a batch size below 1, Error for no inputs, no rows, or tensors of different lengths.
    explicit DataLoader(TensorDataset data, DataLoaderOptions options = {});

    /// One pass over the data, whose batches can be taken in any order.
    class Epoch {
    public:
        int64_t size() const { return size_; }
        /// Batch `i`, 0 <= i < size().
        Batch operator[](int64_t i) const;

        class Iterator {
        public:
            Batch operator*() const { return (*epoch_)[i_]; }
            Iterator& operator++() {
                ++i_;
                return *this;
            }
            bool operator!=(const Iterator& other) const { return i_ != other.i_; }

        private:
            friend class Epoch;
            Iterator(const Epoch* epoch, int64_t i) : epoch_(epoch), i_(i) {}
            const Epoch* epoch_;
            int64_t i_;
        };
        Iterator begin() const { return {this, 0}; }
        Iterator end() const { return {this, size_}; }

    private:
        friend class DataLoader;
        std::shared_ptr<const TensorDataset> data_;
        at::Tensor permutation_;  // undefined where rows keep their order
        int64_t batch_size_ = 0;
        int64_t rows_ = 0;
        int64_t size_ = 0;
    };

    /// Pass number `number` (0, 1, …): `for (const Batch& batch : loader.epoch(0))`.
    Epoch epoch(int64_t number) const;

    /// The first batch of epoch 0.
    Batch one_batch() const { return epoch(0)[0]; }

    /// Batches in an epoch.
    int64_t size() const;
    /// Rows in the data set, whether or not the last ones are dropped.
    int64_t rows() const;
    const DataLoaderOptions& options() const { return options_; }
    const TensorDataset& data() const { return *data_; }

private:
    std::shared_ptr<const TensorDataset> data_;
    DataLoaderOptions options_;
};

}  // namespace embark
