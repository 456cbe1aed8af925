#pragma once

#include <string_view>

namespace embark {

/// The JavaScript of Vega, Vega-Lite and vega-embed for a script element of a page, which then has `vegaEmbed`; empty
/// where the build could not make it.
extern const std::string_view kVegaBundle;

}  // namespace embark
