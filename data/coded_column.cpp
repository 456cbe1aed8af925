#include "coded_column.h"

#include "arrow_utils.h"
#include "table.h"
#include "table_impl.h"

namespace embark {

CodedColumn::CodedColumn(const Table& table, std::string_view column) {
    column_ =
        code_texts(as_text(table.column(column), concat("column '", column, "' of ", spoken_name(table.source()))));
}

}  // namespace embark
