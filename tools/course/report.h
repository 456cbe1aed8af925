#pragma once

#include <filesystem>
#include <vector>

#include "outcome.h"

namespace embark::course {

/// Makes the folder where it is missing. Throws Error now where the report could not be written later.
void prepare_report(const std::filesystem::path& folder);

/// Writes `folder`/index.html: one page that needs no other file and no network, with a section for each experiment.
void write_report(const std::filesystem::path& folder, const std::vector<Outcome>& outcomes);

}  // namespace embark::course
