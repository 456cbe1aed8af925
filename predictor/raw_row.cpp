#include "raw_row.h"

#include "../core/detail/number_words.h"

namespace embark {

std::optional<double> RawValue::number() const {
    return number_ ? number_ : read_number(text_);
}

std::string RawValue::written(double number) {
    return number_text(number);
}

std::string RawValue::written(float number) {
    return number_text(number);
}

}  // namespace embark
