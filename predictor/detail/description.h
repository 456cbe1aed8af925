#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "../../core/error.h"

namespace embark {

/// The integer under `name`, from `least` to `most`. JSON has numbers of any size, and a conversion would take one for
/// another. Throws nlohmann's exceptions where it is missing, Error where it is another.
inline int64_t integer_in(const nlohmann::json& json, const char* name, int64_t least, int64_t most) {
    const nlohmann::json& value = json.at(name);
    const bool fits = value.is_number_integer() && value >= least && value <= most;
    require(fits, "its '", name, "' is ", value.dump().substr(0, 40), ", and must be an integer from ", least, " to ",
            most);
    return value.get<int64_t>();
}

}  // namespace embark
