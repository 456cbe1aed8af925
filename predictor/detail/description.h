#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "../../core/error.h"

namespace embark {

/// What a file says of itself. Throws Error where values are nested deeper than in any description, since copying and
/// printing such take all of the stack; nlohmann's exceptions where it is no JSON.
inline nlohmann::json parse_description(const std::string& text) {
    static constexpr int kMostNested = 100;
    return nlohmann::json::parse(text, [](int depth, nlohmann::json::parse_event_t, const nlohmann::json&) {
        require(depth <= kMostNested, "its values are nested more than ", kMostNested, " deep");
        return true;
    });
}

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
