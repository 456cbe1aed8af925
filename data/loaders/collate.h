#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "batch.h"
#include "dataset.h"

namespace embark {

/// Makes one batch of samples, with a row for each; weights come by themselves. Any function of this form is one.
/// Called from several threads at once; what it throws becomes an Error that names the batch.
using Collate = std::function<Batch(const std::vector<Sample>&)>;

/// Tensors of one shape, stacked: what is done where no other Collate is given. Throws Error for tensors of different
/// shapes or types, and names the samples.
Batch stack_collate(const std::vector<Sample>& samples);

/// How samples of unequal length become a batch.
struct PadOptions {
    /// What is filled in behind the shorter ones.
    double value = 0;
    /// Which dimension of a sample's tensors is their length. Tensors of fewer dimensions are stacked.
    int64_t dim = 0;
    /// One more input, (rows) int64: how long input 0 of each sample is.
    bool lengths = false;
    /// One more input, (rows, longest) bool: where input 0 is a sample's own.
    bool mask = false;
    /// What targets are filled up with, as −100 is what a cross-entropy ignores; empty: targets are stacked.
    std::optional<double> target_value = {};
};

/// Each input filled up to the longest of the batch. Throws UsageError for a negative `dim`.
Collate pad_collate(PadOptions options = {});

}  // namespace embark
