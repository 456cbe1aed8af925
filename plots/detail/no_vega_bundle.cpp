#include "vega_bundle.h"

namespace embark {

const std::string_view kVegaBundle = {};

}  // namespace embark
