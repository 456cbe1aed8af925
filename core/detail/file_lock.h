#pragma once

#include <filesystem>
#include <string>

namespace embark {

/// Locks an open file for this descriptor alone, until it is closed or its process ends, however that happens. False
/// where another has it and `wait` is not set, where the file has lost its name meanwhile, and, without `wait`, on file
/// systems that have no locks.
bool lock_file(int descriptor, bool wait);

/// A file that is there, locked, as long as one lives: whoever else asks for it is told which process has it.
class FileLock {
public:
    /// Throws Error, which begins with `purpose`, where another has it or it cannot be made. On file systems without
    /// locks nobody is kept out.
    FileLock(std::filesystem::path path, const std::string& purpose);
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

private:
    std::filesystem::path path_;
    int descriptor_ = -1;
};

}  // namespace embark
