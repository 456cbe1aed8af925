#include "vocabulary_columns.h"

#include <optional>
#include <vector>

#include "../table/detail/arrow_utils.h"
#include "../table/detail/encoded_column.h"
#include "../table/detail/row_values.h"
#include "../table/detail/table_impl.h"

namespace embark {

Vocabulary fit_vocabulary(const Table& table, std::string_view column, const at::Tensor& rows) {
    return fit_vocabulary(EncodedColumn(table, column), mark_rows(rows, table));
}

at::Tensor encode_column(const Vocabulary& vocabulary, const Table& table, std::string_view column) {
    return encode_column(vocabulary, EncodedColumn(table, column)).tensor();
}

TextVocabulary fit_text_vocabulary(const Table& table, std::string_view column, const at::Tensor& rows,
                                   const TextVocabularyOptions& options) {
    const std::vector<char> wanted = mark_rows(rows, table);
    const auto texts = as_text(table.column(column), concat("column '", column, "' of ", display_name(table.source())));
    std::vector<std::string_view> views;
    visit_text(*texts, [&](int64_t row, std::optional<std::string_view> text) {
        if (text && wanted[static_cast<size_t>(row)]) views.push_back(*text);
        return true;
    });
    return TextVocabulary::fit_views(views, options);
}

at::Tensor encode_column(const TextVocabulary& vocabulary, const Table& table, std::string_view column,
                         int64_t max_len) {
    const auto texts = as_text(table.column(column), concat("column '", column, "' of ", display_name(table.source())));
    std::vector<std::string_view> views(static_cast<size_t>(table.rows()));
    visit_text(*texts, [&](int64_t row, std::optional<std::string_view> text) {
        views[static_cast<size_t>(row)] = text.value_or(std::string_view{});
        return true;
    });
    return vocabulary.encode_views(views, max_len);
}

}  // namespace embark
