#include "printable.h"

namespace embark {

std::string printable(std::string_view text) {
    std::string shown;
    shown.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        // U+0080 to U+009F are control characters of two bytes.
        const bool is_wide_control = c == 0xC2 && next >= 0x80 && next < 0xA0;
        const bool is_control = (c < ' ' && c != '\n' && c != '\t') || c == 0x7F;
        shown += is_control || is_wide_control ? '?' : text[i];
        i += is_wide_control ? 1 : 0;
    }
    return shown;
}

}  // namespace embark
