#pragma once

#include <cstdint>
#include <filesystem>

namespace embark {

/// Where a fit writes checkpoints, and whether it goes on from one.
///
/// A checkpoint is one safetensors file, `dir`/checkpoint.safetensors, replaced atomically: model, optimizer, gradients
/// that are being accumulated, random numbers, the position in the data, and what the callbacks save of themselves. A
/// fit that is resumed from it, with the same data, settings and number of threads, ends with bit-identical weights to
/// one that was never interrupted.
///
/// What was recorded of each training batch stands beside it, in `dir`/batches.N.f64, float64 in rows of loss,
/// average loss and hyper-parameters by name, to which every checkpoint adds: so none grows with the run. A copy of a
/// checkpoint needs both files.
///
/// One fit at a time writes in a folder: another one is an Error that names the process that does. What is read is
/// taken for what it is, a file that anybody may have made: whatever is wrong in it is an Error, and the model stays as
/// it was.
///
/// Rows of sharded tables (see ShardedEmbedding) lie beside it, in a file for each process, in a folder that all must
/// see. The checkpoint is there once all of them are, and the one before it until then. Another number of processes may
/// go on from it: each reads the rows that are now its own.
struct CheckpointOptions {
    /// Made where it is missing; empty: no checkpoints.
    std::filesystem::path dir = {};
    /// Training batches from one checkpoint to the next; 0: one at each epoch's end alone. There is one when the fit is
    /// asked to stop, too.
    int64_t every = 0;
    /// Go on from the checkpoint in `dir`; where it is missing, start afresh. A fit that had ended does no more.
    bool resume = false;
};

/// `dir`/checkpoint.safetensors.
std::filesystem::path checkpoint_path(const std::filesystem::path& dir);

}  // namespace embark
