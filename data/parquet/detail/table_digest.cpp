#include "table_digest.h"

#include <string>
#include <string_view>

#include <arrow/api.h>

namespace embark {

namespace {

template <class Number>
void add_number(Crc32& sum, Number number) {
    sum.add({reinterpret_cast<const char*>(&number), sizeof(number)});
}

void add_validity(Crc32& sum, const arrow::Array& values) {
    add_number(sum, values.null_count());
    if (values.null_count() == 0) return;
    for (int64_t i = 0; i < values.length(); ++i) add_number(sum, static_cast<char>(values.IsNull(i)));
}

/// Values of `width` bytes, one after the other.
void add_fixed_width(Crc32& sum, const arrow::Array& values, int64_t width) {
    const uint8_t* bytes = values.data()->buffers.at(1)->data() + values.offset() * width;
    const std::string_view all(reinterpret_cast<const char*>(bytes), static_cast<size_t>(values.length() * width));
    if (values.null_count() == 0) return sum.add(all);
    const auto each = static_cast<size_t>(width);
    for (int64_t i = 0; i < values.length(); ++i) {
        if (values.IsValid(i)) sum.add(all.substr(static_cast<size_t>(i) * each, each));
    }
}

template <class Array>
void add_each_text(Crc32& sum, const Array& texts) {
    for (int64_t i = 0; i < texts.length(); ++i) {
        if (texts.IsNull(i)) continue;
        const std::string_view text = texts.GetView(i);
        add_number(sum, static_cast<int64_t>(text.size()));
        sum.add(text);
    }
}

void add_array(Crc32& sum, const arrow::Array& values) {
    if (values.length() == 0) return;
    add_validity(sum, values);
    switch (values.type_id()) {
        case arrow::Type::NA:
            return;
        case arrow::Type::STRING:
        case arrow::Type::BINARY:
            return add_each_text(sum, static_cast<const arrow::BinaryArray&>(values));
        case arrow::Type::LARGE_STRING:
        case arrow::Type::LARGE_BINARY:
            return add_each_text(sum, static_cast<const arrow::LargeBinaryArray&>(values));
        case arrow::Type::BOOL:
            for (int64_t i = 0; i < values.length(); ++i) {
                const auto& flags = static_cast<const arrow::BooleanArray&>(values);
                if (flags.IsValid(i)) add_number(sum, static_cast<char>(flags.Value(i)));
            }
            return;
        case arrow::Type::DICTIONARY: {
            const auto& encoded = static_cast<const arrow::DictionaryArray&>(values);
            add_array(sum, *encoded.dictionary());
            return add_array(sum, *encoded.indices());
        }
        default:
            break;
    }
    const int width = values.type()->bit_width();
    if (width > 0 && width % 8 == 0) return add_fixed_width(sum, values, width / 8);
    sum.add(values.ToString());  // lists and the like, which no model takes
}

}  // namespace

void add_content(Crc32& sum, const Table& table) {
    for (const std::string& name : table.names()) {
        const auto column = table.column(name);
        sum.add(name);
        sum.add(column->type()->ToString());
        // Chunks are cut as they come from the file, which are the same each time.
        for (const auto& chunk : column->chunks()) add_array(sum, *chunk);
    }
}

}  // namespace embark
