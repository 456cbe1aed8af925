#pragma once

#include <filesystem>
#include <vector>

#include "outcome.h"

namespace embark::course {

/// Makes the folder where it is missing. Throws Error now where the report could not be written later.
void prepare_report(const std::filesystem::path& folder);

/// Writes `folder`/index.html: one page that needs no other file and no network, with a section and the code of each
/// experiment that has ended. Where `asked_for` are more than these, it says so.
void write_report(const std::filesystem::path& folder, const std::vector<Outcome>& outcomes, size_t asked_for);

}  // namespace embark::course
