#pragma once

#include <cstdint>
#include <memory>

#include "../../core/device.h"
#include "../../distributed/share.h"
#include "batch.h"

namespace embark {

class StreamedPass;
class StreamedRows;

/// How a DataLoader makes batches.
struct DataLoaderOptions {
    int64_t batch_size = 64;
    /// A new permutation of the rows each epoch.
    bool shuffle = false;
    /// Leave out the last batch where it is short, unless it is the only one.
    bool drop_last = false;
    /// The permutation of an epoch follows from (seed, epoch) alone.
    uint64_t seed = 42;
    at::Device device = default_device();
    /// Of streamed rows: how many are in memory at once to be mixed, besides as many that are being read.
    int64_t shuffle_buffer = 1'000'000;
};

/// The batches of a data set. Either it was encoded once to contiguous tensors, and a batch is one index_select a
/// tensor (a view where nothing is shuffled); or it is streamed, and what is read of it in memory for some batches
/// alone. An immutable handle; copies share the data.
class DataLoader {
public:
    /// Throws UsageError for a batch size below 1, Error for no inputs, no rows, or tensors of different lengths.
    explicit DataLoader(TensorDataset data, DataLoaderOptions options = {});

    /// Batches of streamed rows. Shuffled, the pieces are read in a new order each epoch, `shuffle_buffer` rows or a
    /// little more at a time, and these mixed. Throws UsageError for a batch size or a shuffle_buffer below 1, Error
    /// for no rows.
    explicit DataLoader(std::shared_ptr<const StreamedRows> rows, DataLoaderOptions options = {});

    /// One pass over the data, whose batches can be taken in any order. Of streamed rows they are best taken one after
    /// the other, in one thread.
    class Epoch {
    public:
        int64_t size() const { return size_; }
        /// Batch `i`, 0 <= i < size(). Of a share, what is this process's; where nothing is, some row that counts for
        /// nothing.
        Batch operator[](int64_t i) const;
        /// Rows of batch `i`, in all processes together.
        int64_t rows(int64_t i) const;
        /// Whether batches are shared already: a process gets no more than its part.
        bool is_shared() const { return !share_.is_whole(); }

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
        Batch streamed(int64_t i) const;

        std::shared_ptr<const TensorDataset> data_;
        std::shared_ptr<StreamedPass> stream_;
        Share share_;
        at::Device device_ = at::kCPU;
        at::Tensor permutation_;  // undefined where rows keep their order
        int64_t batch_size_ = 0;
        int64_t rows_ = 0;
        int64_t size_ = 0;
    };

    /// Pass number `number` (0, 1, …): `for (const Batch& batch : loader.epoch(0))`. `share` is of streamed rows alone:
    /// of data in memory every process has all.
    Epoch epoch(int64_t number, Share share = {}) const;

    /// The first batch of epoch 0.
    Batch one_batch() const { return epoch(0)[0]; }

    /// The first `n` rows, fewer where there are fewer, in their own order.
    Batch first_rows(int64_t n) const;

    /// Rows to look at the data by: all where they are in memory, else about `shuffle_buffer` of them, on the CPU.
    TensorDataset sample() const;

    /// The same rows, each once and in their own order.
    DataLoader in_order() const;

    /// Batches in an epoch.
    int64_t size() const;
    /// Rows in the data set, whether or not the last ones are dropped.
    int64_t rows() const;
    const DataLoaderOptions& options() const { return options_; }
    /// Whether rows are read while a model trains.
    bool is_streamed() const { return stream_ != nullptr; }
    /// All rows. Throws Error where they are streamed.
    const TensorDataset& data() const;
    /// Null where the rows are in memory.
    const std::shared_ptr<const StreamedRows>& stream() const { return stream_; }
    /// Whether rows have weights.
    bool is_weighted() const;

private:
    std::shared_ptr<const TensorDataset> data_;
    std::shared_ptr<const StreamedRows> stream_;
    int64_t rows_ = 0;
    DataLoaderOptions options_;
};

}  // namespace embark
