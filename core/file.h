#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// Throws an Error that says what is wrong unless `path` is a file that can be read: missing (names the folder where
/// that is missing already), a folder, a device or a pipe, no permission.
void require_readable_file(const std::filesystem::path& path);

/// The whole content of the file. Throws Error when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes `parts`, one after the other, as the whole content of `path`, so that a reader sees the old file or the new
/// one and never a part: a temporary file in the same folder, fsync, rename, fsync of the folder. Through a symbolic
/// link the file that it leads to is written, there or not, and the link stays. Throws Error on any failure (no such
/// folder, a folder, a device or a pipe in its place, a full disk, a short write); then the old file is as it was and
/// no temporary file stays. Who may read the old file may read the new one, from its first byte on; other bits of its
/// mode (setuid) are dropped. What killed writes of `path` have left is removed.
void write_file_atomically(const std::filesystem::path& path, const std::vector<std::string_view>& parts);

/// Removes the temporary files that writes of `path` left when their process was killed. Those that are being written
/// stay; so do all on a file system without locks.
void remove_left_temporaries(const std::filesystem::path& path);

/// Throws Error now where write_file_atomically(path) would fail for a reason that can be known beforehand: its folder
/// is missing or not writable, or `path` is there and not an ordinary file. For calling before a long training run.
void require_writable_path(const std::filesystem::path& path);

}  // namespace embark
