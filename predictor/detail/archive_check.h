#pragma once

#include <istream>

namespace embark {

/// Throws Error, one that goes on from the file's name, where a TorchScript archive would have LibTorch read beyond
/// what is in it, take memory for what is not, call anything while it is loaded or, unless it is `trusted`, do more in
/// its methods than compute (require_known_code). LibTorch itself believes what an archive says of its tensors. What an
/// archive has for debugging is not looked at: it must not be loaded. Throws LibTorch's exceptions where it is not a
/// whole archive.
void check_archive(std::istream& stream, bool trusted);

}  // namespace embark
