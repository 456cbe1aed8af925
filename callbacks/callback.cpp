#include "callback.h"

#include <array>
#include <typeinfo>

#include <c10/util/Type.h>

namespace embark {

std::string_view to_string(Level level) {
    constexpr std::array<std::string_view, 7> names = {"fit",   "epoch",    "train", "validate",
                                                       "batch", "backward", "step"};
    return names[static_cast<size_t>(level)];
}

Callback::~Callback() = default;

std::string Callback::name() const {
    return c10::demangle(typeid(*this).name());
}

}  // namespace embark
