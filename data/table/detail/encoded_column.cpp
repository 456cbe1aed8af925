#include "encoded_column.h"

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

}  // namespace embark
