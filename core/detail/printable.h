#pragma once

#include <string>
#include <string_view>

namespace embark {

/// `text` with a question mark in the place of every control character but line ends and tabs: what comes from a file
/// must not move a terminal's cursor or set its title.
std::string printable(std::string_view text);

}  // namespace embark
