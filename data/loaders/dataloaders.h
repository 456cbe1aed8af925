#pragma once

#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../core/device.h"
#include "../../predictor/vocabulary.h"
#include "../table/table.h"
#include "dataloader.h"
#include "dataset.h"
#include "dataset_options.h"
#include "preprocessing.h"
#include "splitters.h"

namespace embark {

/// How training and validation batches are made.
struct DataLoadersOptions {
    int64_t batch_size = 64;  ///< rows in a training batch
    /// Batch size in validation, where no gradients are kept; 0: ten times batch_size.
    int64_t valid_batch_size = 0;
    /// Which part of the rows is for validation, where no validation data are given.
    double valid_pct = 0.2;
    /// Seed of the split and of the permutations.
    uint64_t seed = 42;
    bool shuffle = true;  ///< a new permutation of the rows each epoch
    /// Leave out the last, short training batch (never the only one), as fastai does.
    bool drop_last = true;
    at::Device device = default_device();  ///< where the batches' tensors are
    /// Which rows a training epoch has, in the place of `shuffle`.
    Sampler sampler = {};
    /// What is done to each batch on `device`; what is random, in training alone.
    std::vector<BatchTransform> batch_transforms = {};
};

/// The training and the validation batches of one data set, and what was fitted to make them. A shared handle: copies
/// are the same loaders.
class DataLoaders {
public:
    /// Batches that are made already, without validation where `valid` is empty. `preprocessing` is what was fitted for
    /// them; null: nothing.
    DataLoaders(DataLoader train, std::optional<DataLoader> valid,
                std::shared_ptr<const Preprocessing> preprocessing = nullptr);

    /// Tensors of the user's own, with one row a sample; a random `valid_pct` of the rows becomes the validation part.
    static DataLoaders from_tensors(TensorDataset data, DataLoadersOptions options = {});
    /// As above, with the validation part given.
    static DataLoaders from_tensors(TensorDataset train, TensorDataset valid, DataLoadersOptions options = {});

    /// A data set of any class that has its samples by number, see AnyDataset; a random `valid_pct` of them becomes the
    /// validation part:
    ///
    ///     struct Pictures {
    ///         int64_t size() const;
    ///         Sample get(int64_t index) const;
    ///     };
    ///     auto dls = DataLoaders::from_dataset(Pictures(), {.transforms = {random_flip()}, .workers = 4});
    ///
    /// Throws UsageError for options that cannot be, Error for no samples, and for a first sample without inputs; batches
    /// throw Error for samples that cannot be read or put together, and name them.
    static DataLoaders from_dataset(AnyDataset data, const DatasetOptions& options = {});
    /// As above, with the validation samples given, and for samples without numbers too.
    static DataLoaders from_dataset(AnyDataset train, AnyDataset valid, const DatasetOptions& options = {});

    /// The training batches.
    const DataLoader& train() const;
    /// Throws Error where there is no validation part.
    const DataLoader& valid() const;
    /// Whether there is a validation part.
    bool has_valid() const;

    /// The first training batch of epoch 0.
    Batch one_batch() const { return train().one_batch(); }

    /// These loaders with other training rows: the same number, drawn from them with replacement, a bootstrap
    /// sample (Efron 1979) that follows from `seed` alone. Validation part and preprocessing are the same ones. For
    /// bagging, see learners/ensemble.h.
    DataLoaders resampled(uint64_t seed) const;
    /// These loaders with DataLoaderOptions::passes of training. Throws UsageError where they cannot be.
    DataLoaders with_passes(int64_t passes) const;

    /// The rows of `batch` as raw values where the data have a preprocessing, else as numbers; with `predictions`, the
    /// decoded outputs of a model, as columns beside them.
    Table decode(const Batch& batch, const Tensors& predictions = {}) const;

    /// The first `n` rows of one_batch(), decoded to raw values where the data have a preprocessing.
    Table decoded_batch(int64_t n = 10) const;
    /// Prints decoded_batch(n) to standard output.
    void show_batch(int64_t n = 10) const;
    /// Prints it to `out`.
    void show_batch(std::ostream& out, int64_t n = 10) const;
    /// Writes a page of HTML with the pictures of one_batch(), the first `n`, and what is known of each; see
    /// contact_sheet().
    void show_batch(const std::filesystem::path& page, int64_t n = 36) const;

    /// Vocabulary of each categorical column: dls.classes().at("title").names().
    std::map<std::string, Vocabulary> classes() const;

    /// The names of the classes of target `target`, counted from 0; empty where it is a value, or nothing is known.
    std::vector<std::string> target_classes(size_t target = 0) const;

    /// Null for tensors of the user's own.
    const std::shared_ptr<const Preprocessing>& preprocessing() const;

private:
    struct Impl;
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
