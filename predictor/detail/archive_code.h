#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// Throws Error, one that goes on from a file's name, where the TorchScript of an archive could do anything when it is
/// loaded: what restores an object is a method of its own (__setstate__), which no exported file needs.
void require_inert_code(const std::vector<std::string>& sources);

/// The same unless the code computes with tensors, numbers and texts alone, by what exported models and their
/// preprocessing are made of: no method can then read or write a file. How long one runs, and how much memory it takes,
/// is not looked at.
void require_known_code(const std::vector<std::string>& sources);

}  // namespace embark
