#include <optional>

#include "../../predictor/text_vocabulary.h"
#include "../table/detail/arrow_utils.h"
#include "../table/detail/encoded_column.h"
#include "../table/detail/table_impl.h"
#include "../table/table.h"

// What TextVocabulary does with columns of a Table, which the component that it belongs to does not know.
namespace embark {

TextVocabulary TextVocabulary::fit(const Table& table, std::string_view column, const at::Tensor& rows,
                                   const TextVocabularyOptions& options) {
    const std::vector<char> wanted = mark_rows(rows, table);
    const auto texts = as_text(table.column(column), concat("column '", column, "' of ", display_name(table.source())));
    std::vector<std::string_view> views;
    visit_text(*texts, [&](int64_t row, std::optional<std::string_view> text) {
        if (text && wanted[static_cast<size_t>(row)]) views.push_back(*text);
        return true;
    });
    return fit_views(views, options);
}

at::Tensor TextVocabulary::encode(const Table& table, std::string_view column, int64_t max_len) const {
    const auto texts = as_text(table.column(column), concat("column '", column, "' of ", display_name(table.source())));
    std::vector<std::string_view> views(static_cast<size_t>(table.rows()));
    visit_text(*texts, [&](int64_t row, std::optional<std::string_view> text) {
        views[static_cast<size_t>(row)] = text.value_or(std::string_view{});
        return true;
    });
    return encode_views(views, max_len);
}

}  // namespace embark
