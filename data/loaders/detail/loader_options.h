#pragma once

#include "../dataloaders.h"
#include "../splitters.h"

namespace embark {

/// What the options of every kind of data have.
template <class Options>
DataLoadersOptions loader_options(const Options& options) {
    return {.batch_size = options.batch_size,
            .valid_batch_size = options.valid_batch_size,
            .valid_pct = options.valid_pct,
            .seed = options.seed,
            .shuffle = options.shuffle,
            .drop_last = options.drop_last,
            .device = options.device,
            .sampler = options.sampler};
}

/// What `splitter` makes of `table`, or, where it is empty, a random split as `options` say. Throws Error where it
/// gives something else than rows of the table, and where none is left for training.
Split split_rows(const Table& table, const Splitter& splitter, const DataLoadersOptions& options);

/// Throws UsageError for settings that can never be right.
void require_valid(const DataLoadersOptions& options);

/// Throws UsageError where a splitter or a share of the rows is asked for although the validation rows are given.
void require_no_split(const Splitter& splitter, double valid_pct);

/// Options of the loader of the training part, of the rows `taken` of the data set that the sampler was made for;
/// undefined: of all.
DataLoaderOptions train_options(const DataLoadersOptions& options, const at::Tensor& taken = {});

/// Options of the loader of the validation part: every row, in order.
DataLoaderOptions valid_options(const DataLoadersOptions& options);

}  // namespace embark
