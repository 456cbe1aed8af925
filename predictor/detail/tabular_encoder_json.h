#pragma once

#include <nlohmann/json_fwd.hpp>

#include "../tabular_encoder.h"

namespace embark {

/// All of what was fitted, as exported files carry it. Numbers are written so that they read back as the same.
nlohmann::json to_json(const TabularEncoder& data);
/// The inverse. Throws nlohmann's exceptions where something is missing.
TabularEncoder tabular_encoder_from_json(const nlohmann::json& json);

}  // namespace embark
