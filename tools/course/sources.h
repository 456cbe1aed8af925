#pragma once

#include <string>
#include <string_view>

namespace embark::course {

/// The text of a file of tools/course as it was when the program was built. Throws Error for a file that is not in it.
std::string_view source_text(const std::string& file);

}  // namespace embark::course
