#include "coded_column.h"

#include "arrow_utils.h"
#include "table.h"
#include "table_impl.h"

namespace embark {

CodedColumn::CodedColumn(const Table& table, std::string_view column) {
    require_arrow_compute();
    const std::string what = concat("column '", column, "' of ", spoken_name(table.source()));
    const auto text = as_text(table.column(column), what);
    const auto coded = arrow_value(arrow::compute::DictionaryEncode(text), "Cannot encode ", what);
    // Chunks may have dictionaries of their own.
    codes_ = arrow_value(arrow::DictionaryUnifier::UnifyChunkedArray(coded.chunked_array()), "Cannot encode ", what);
    const auto values = codes_->num_chunks() == 0
                            ? text_array({})
                            : static_cast<const arrow::DictionaryArray&>(*codes_->chunk(0)).dictionary();
    values_ = std::static_pointer_cast<arrow::StringArray>(values);
}

}  // namespace embark
