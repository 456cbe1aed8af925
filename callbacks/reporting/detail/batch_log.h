#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "../../../core/detail/checksum.h"

namespace embark {

/// A file beside a checkpoint with a row of figures for every training batch, appended as they come, so that neither a
/// checkpoint nor memory grows with the run: <dir>/batches.<number>.f64, little-endian float64. A new fit takes a new
/// number: until its first checkpoint is there, the one before it, and that one's file, stay whole.
class BatchLog {
public:
    explicit BatchLog(std::filesystem::path dir) : dir_(std::move(dir)) {}
    ~BatchLog();
    BatchLog(const BatchLog&) = delete;
    BatchLog& operator=(const BatchLog&) = delete;

    /// Appends a row. All have the width of the first. Throws Error where it cannot be written.
    void add(std::span<const double> row);

    /// What a checkpoint knows of the file. Number 0: nothing was added yet.
    struct Mark {
        int64_t number = 0;
        int64_t values = 0;
        std::string checksum = {};
    };
    /// Makes all that was added safe on disk.
    Mark mark();

    /// Goes on after `mark` with rows of `width`: calls `visit` for each row before it, and cuts off what came later.
    /// Throws Error where the file is missing, shorter than it was, or was changed.
    void resume(const Mark& mark, size_t width, const std::function<void(std::span<const double>)>& visit);

    /// Removes the files of other fits, once a checkpoint names this one.
    void remove_others() const;

private:
    std::filesystem::path path() const;
    void open(int flags);
    void flush();
    [[noreturn]] void fail_with(int error) const;

    std::filesystem::path dir_;
    int64_t number_ = 0;
    int descriptor_ = -1;
    int64_t values_ = 0;  // that were written
    Crc32 checksum_;      // of them
    std::vector<double> pending_;
};

}  // namespace embark
