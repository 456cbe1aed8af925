#pragma once

#include <istream>

namespace embark {

/// Throws Error, one that goes on from the file's name, where a TorchScript archive would have LibTorch read beyond
/// what is in it, call anything while it is loaded or, unless it is `trusted`, do more in its methods than compute
/// (require_known_code). LibTorch itself believes what an archive says of its tensors. Throws LibTorch's exceptions
/// where it is not a whole archive.
void check_archive(std::istream& archive, bool trusted);

}  // namespace embark
