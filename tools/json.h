#pragma once

#include <nlohmann/json_fwd.hpp>

namespace embark::tools {

/// What `--json` prints is made of these.
using Json = nlohmann::json;

}  // namespace embark::tools
