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
    at::Tensor train;
    at::Tensor valid;
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

/// Rows drawn at random so that each value of `column` has its share of `valid_pct`: that share rounded down, and one
/// row more where most was cut off, until there are int(valid_pct · rows). A value of one row goes to training, and
/// every other keeps a row there, even if the validation part stays smaller so; missing values count as one value.
/// Throws UsageError unless 0 < valid_pct < 1; the splitter throws Error where no row is for validation.
Splitter stratified_splitter(std::string column, double valid_pct = 0.2, uint64_t seed = 42);

/// The latest rows are for validation. `column` has dates (2024-01-31, with a time or without) or numbers. Of rows that
/// are equally late all are on one side, the one that brings the number for validation nearer to valid_pct · rows; both
/// sides have a row. Throws UsageError unless 0 < valid_pct < 1; the splitter throws Error for a value that is missing
/// or neither date nor number, with file, row and column, and where all rows are equally late.
Splitter time_splitter(std::string column, double valid_pct = 0.2);

/// Groups of rows, those with the same value of `column`, are drawn at random for validation as long as they fit into
/// valid_pct · rows, and one more where that comes nearer: no group is on both sides, and both have one. Missing values
/// count as one group. Throws UsageError unless 0 < valid_pct < 1; the splitter throws Error where there are not two
/// groups.
Splitter group_splitter(std::string column, double valid_pct = 0.2, uint64_t seed = 42);

}  // namespace embark
