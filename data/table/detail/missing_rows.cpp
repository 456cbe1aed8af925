#include "missing_rows.h"

#include <algorithm>
#include <string>

#include <ATen/ATen.h>

#include "../../../core/detail/number_words.h"
#include "../table.h"
#include "column_type.h"
#include "encoded_column.h"
#include "table_impl.h"

namespace embark {

std::vector<char> missing_rows(const Table& table, std::string_view name) {
    std::vector<char> missing(static_cast<size_t>(table.rows()), 0);
    const EncodedColumn column(table, name);
    const bool words = table.impl().origin.missing_words;
    const bool is_text = table.type(name) == ColumnType::text;
    std::vector<char> is_missing = {1};  // first what no value is
    for (int64_t code = 0; code < column.values().length(); ++code) {
        const std::string_view value = column.values().GetView(code);
        const bool is_word = is_text ? std::find(kMissingWords.begin(), kMissingWords.end(), value) != kMissingWords.end()
                                     : kind_of(value, words) == ValueKind::missing_word;
        is_missing.push_back(value.empty() || (words && is_word));
    }
    column.visit([&](int64_t row, int32_t code) {
        missing[static_cast<size_t>(row)] = is_missing[static_cast<size_t>(code + 1)];
    });
    return missing;
}

Table Table::drop_missing(const std::vector<std::string>& columns) const {
    std::vector<char> is_missing(static_cast<size_t>(rows()), 0);
    for (const std::string& name : columns) {
        const std::vector<char> here = missing_rows(*this, name);
        for (size_t row = 0; row < here.size(); ++row) is_missing[row] |= here[row];
    }
    std::vector<int64_t> kept;
    for (size_t row = 0; row < is_missing.size(); ++row) {
        if (!is_missing[row]) kept.push_back(static_cast<int64_t>(row));
    }
    return kept.size() == is_missing.size() ? *this : take(at::tensor(kept, at::kLong));
}

}  // namespace embark
