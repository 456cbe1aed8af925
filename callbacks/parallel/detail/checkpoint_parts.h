#pragma once

#include <cstdint>
#include <filesystem>

#include "sharded_tables.h"

namespace embark {

/// The files of a checkpoint that hold the rows of sharded tables, one for each process: checkpoint.<number>.1-of-2.
/// safetensors and so on beside the checkpoint itself, which names the number. New parts have a new number, so that a
/// checkpoint and its parts stay whole until the next is; what is left of others is removed then.
class CheckpointParts {
public:
    explicit CheckpointParts(std::filesystem::path dir) : dir_(std::move(dir)) {}

    /// The parts of one checkpoint: their number, and how many there are.
    struct Parts {
        int64_t number = 0;
        int64_t count = 1;
    };

    /// Every process writes its own rows. What it throws ends all with one message.
    Parts write(const TensorFile& rows, Strategy& strategy) const;

    /// This process's rows of the tables from parts, which as many processes wrote. All must call it; what it throws
    /// ends all with one message.
    TensorFile load(const Parts& parts, const ShardedTables& tables) const;

    /// Removes the parts of other checkpoints than `number`.
    void remove_others(int64_t number) const;

private:
    std::filesystem::path path_of(int64_t number, int64_t rank, int64_t count) const;
    std::filesystem::path dir_;
};

}  // namespace embark
