#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace embark {

/// What a sampler is asked.
struct SamplerPass {
    /// Rows of the data set.
    int64_t rows = 0;
    int64_t batch_size = 0;  ///< rows in a training batch
    /// The epoch's: what is drawn at random must follow from it.
    uint64_t seed = 0;
    /// Where these rows were taken from a larger data set, as the training rows are by a random split: the number of
    /// each there (1-d int64). Undefined: their own.
    at::Tensor numbers = {};
};

/// Which rows of the data set an epoch has, and in which order: their numbers, from 0 to rows − 1 (1-d int64), as many
/// in each epoch. A row may be missing or come several times. Any function of this form is one.
using Sampler = std::function<at::Tensor(const SamplerPass&)>;

// What the functions below are told of each row is told of all rows, in the order of the data set, although some of
// them will be for validation. `n` is the number of rows of an epoch, 0: as many as there are.

/// All rows, in their own order.
Sampler sequential_sampler();

/// All rows in a random order, or the first `n` of these: what `shuffle` does by itself.
Sampler random_sampler(int64_t n = 0);

/// Rows drawn with replacement, each as likely as the others.
Sampler replacement_sampler(int64_t n = 0);

/// Those of the rows `rows` (1-d int64, of the whole data set) that are for training, in a random order, or in their
/// own.
Sampler subset_sampler(at::Tensor rows, bool shuffle = true);

/// Rows drawn with replacement, each with a probability proportional to its weight. Throws Error for weights that are
/// no 1-d tensor of finite numbers of at least 0, one of them above.
Sampler weighted_sampler(at::Tensor weights, int64_t n = 0);

/// Rows drawn with replacement so that all classes are equally frequent. `classes` are 0, 1, … (integers, 1-d). The
/// sampler throws Error for a class below the highest that has no row.
Sampler class_balanced_sampler(at::Tensor classes, int64_t n = 0);

/// The rows of one group after one another, in their own order, and the groups in a random one. `groups` are integers,
/// 1-d.
Sampler group_sampler(at::Tensor groups);

/// Batches of rows of about the same length, in a random order, so that little has to be padded (see pad_collate). Rows
/// in a random order are sorted by `lengths` (1-d), `pool` batches at a time.
Sampler by_length_sampler(at::Tensor lengths, int64_t pool = 50);

}  // namespace embark
