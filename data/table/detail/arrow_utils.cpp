#include "arrow_utils.h"

#include <algorithm>
#include <mutex>

#include <arrow/compute/initialize.h>

namespace embark {

std::string reason_of(const arrow::Status& status) {
    const std::string message = status.message();
    return message.substr(0, message.find('\n'));
}

void require_arrow_compute() {
    static std::once_flag once;
    std::call_once(once, [] { require_arrow(arrow::compute::Initialize(), "Arrow's compute functions cannot start"); });
}

bool is_encoded_text(const arrow::DataType& type) {
    if (type.id() != arrow::Type::DICTIONARY) return false;
    const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
    return dictionary.index_type()->id() == arrow::Type::INT32 && dictionary.value_type()->id() == arrow::Type::STRING;
}

std::shared_ptr<arrow::ChunkedArray> as_text(const std::shared_ptr<arrow::ChunkedArray>& values,
                                             const std::string& what) {
    // A value of the dictionary itself may be missing in what others wrote.
    const auto whole = [](const auto& chunk) {
        return static_cast<const arrow::DictionaryArray&>(*chunk).dictionary()->null_count() == 0;
    };
    const auto& chunks = values->chunks();
    const bool encoded = is_encoded_text(*values->type()) && std::all_of(chunks.begin(), chunks.end(), whole);
    return encoded ? values : as_plain_text(values, what);
}

std::shared_ptr<arrow::ChunkedArray> as_plain_text(const std::shared_ptr<arrow::ChunkedArray>& values,
                                                   const std::string& what) {
    if (values->type()->id() == arrow::Type::STRING) return values;
    require_arrow_compute();
    const auto& type = *values->type();
    const bool dictionary = type.id() == arrow::Type::DICTIONARY;
    const auto& value_type = dictionary ? *static_cast<const arrow::DictionaryType&>(type).value_type() : type;
    require(!arrow::is_nested(value_type.id()), what, " holds values of type ", value_type.ToString(),
            ", which cannot be read as text or as numbers");
    auto flat = arrow::Datum(values);
    if (dictionary) {
        flat = arrow_value(arrow::compute::Cast(flat, value_type.GetSharedPtr()), "Cannot decode ", what);
    }
    return arrow_value(arrow::compute::Cast(flat, arrow::utf8()), "Cannot read ", what, " as text").chunked_array();
}

std::shared_ptr<arrow::ChunkedArray> missing_where(const std::shared_ptr<arrow::ChunkedArray>& values,
                                                   const std::vector<std::string>& words) {
    require_arrow_compute();
    arrow::StringBuilder builder;
    require_arrow(builder.AppendValues(words), "Cannot take over the words for missing values");
    const auto set = arrow_value(builder.Finish(), "Cannot take over the words for missing values");
    const auto mask = arrow_value(arrow::compute::IsIn(values, arrow::compute::SetLookupOptions(set)),
                                  "Cannot look up missing values");
    const auto missing = arrow::Datum(arrow::MakeNullScalar(arrow::utf8()));
    return arrow_value(arrow::compute::IfElse(mask, missing, values), "Cannot mark missing values").chunked_array();
}

std::shared_ptr<arrow::Array> text_array(const std::vector<std::string>& values) {
    arrow::StringBuilder builder;
    for (const auto& value : values) {
        require_arrow(value.empty() ? builder.AppendNull() : builder.Append(value), "Cannot keep a text");
    }
    return arrow_value(builder.Finish(), "Cannot keep texts");
}

}  // namespace embark
