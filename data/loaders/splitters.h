#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

class Table;

/// Row indices (1-d int64) of the training and of the validation part.
struct Split {
    at::Tensor train;  ///< rows to learn from
    at::Tensor valid;  ///< rows to measure on
};

/// Says which rows of a table are for training and which for validation. Any function of this form is one.
using Splitter = std::function<Split(const Table&)>;

/// `valid_pct` of `rows` rows, drawn at random: the first int(valid_pct · rows) of torch.randperm(rows) with this seed,
/// as in fastai. Throws UsageError unless 0 < valid_pct < 1, Error where one of the parts would be empty.
Split random_split(int64_t rows, double valid_pct, uint64_t seed);

/// `valid_pct` of the rows, drawn at random. The same rows as fastai's RandomSplitter(valid_pct, seed): the first
/// int(valid_pct · n) of torch.randperm(n). Throws UsageError unless 0 < valid_pct < 1; the splitter throws Error where
/// one of the parts would be empty.
Splitter random_splitter(double valid_pct = 0.2, uint64_t seed = 42);

/// These rows are for validation, all others for training. The splitter throws Error for an index outside the table or
/// given twice, and where no row is left for training.
Splitter index_splitter(std::vector<int64_t> valid_rows);

/// Rows whose value in `column` is true, 1, yes or valid (any case) are for validation; false, 0, no, train or a
/// missing value are for training; anything else is an Error, and so is a table with no row for training. fastai's
/// ColSplitter.
Splitter column_splitter(std::string column = "is_valid");

/// The rows from number `first` up to, but not with, number `last` are for validation, all others for training: a
/// contiguous slice, as for frames of a video, where neighbours are nearly the same. Throws UsageError unless 0 ≤ first
/// < last; the splitter throws Error where the table ends before `last`, and where no row is left for training.
Splitter slice_splitter(int64_t first, int64_t last);

}  // namespace embark
