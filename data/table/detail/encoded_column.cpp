#include "encoded_column.h"

#include <string>
#include <utility>

#include "../table.h"
#include "arrow_utils.h"
#include "table_impl.h"

namespace embark {

EncodedColumn::EncodedColumn(const Table& table, std::string_view column) {
    const auto values = table.column(column);
    column_ = arrow::is_integer(values->type()->id()) && values->length() > 0
                  ? code_integers(values)
                  : code_texts(as_text(values, concat("column '", column, "' of ", display_name(table.source()))));
}

std::vector<char> mark_rows(const at::Tensor& rows, const Table& table) {
    require(rows.dim() == 1 && rows.scalar_type() == at::kLong, "Row indices must be a 1-d int64 tensor");
    const int64_t n_rows = table.rows();
    std::vector<char> marked(static_cast<size_t>(n_rows), 0);
    const at::Tensor indices = rows.cpu().contiguous();
    const int64_t* row = indices.const_data_ptr<int64_t>();
    for (int64_t i = 0, n = indices.numel(); i < n; ++i) {
        if (row[i] < 0 || row[i] >= n_rows) {
            fail("There is no row ", row[i], " in ", display_name(table.source()), ", which has ", n_rows,
                 " rows, counted from 0");
        }
        marked[static_cast<size_t>(row[i])] = 1;
    }
    return marked;
}

Vocabulary fit_vocabulary(const EncodedColumn& column, const std::vector<char>& wanted) {
    std::vector<std::string> categories;
    visit_distinct(column, wanted, [&](int64_t, std::string_view value) { categories.emplace_back(value); });
    return Vocabulary::fit(std::move(categories));
}

}  // namespace embark
