#pragma once

#include <string>
#include <string_view>

namespace embark {

/// `archive`, a ZIP archive as LibTorch writes TorchScript files, with a CRC-32 of all its bytes as the archive's
/// comment, where readers of ZIP and of TorchScript ignore it. LibTorch itself does not check what it reads: most
/// flipped bits would load silently.
std::string seal_archive(std::string archive);

/// Throws Error unless `archive` is whole and what seal_archive gave: not a ZIP archive at all, not sealed, incomplete
/// or damaged. `name` is what messages call it.
void check_seal(std::string_view archive, const std::string& name);

}  // namespace embark
