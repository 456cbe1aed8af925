#include "date_parts.h"

#include <memory>
#include <optional>
#include <vector>

#include "../../core/detail/number_words.h"
#include "detail/arrow_utils.h"
#include "detail/encoded_column.h"
#include "detail/table_impl.h"

namespace embark {

namespace {

/// The parts of every distinct value of a column.
class DatedColumn {
public:
    DatedColumn(const Table& table, const std::string& column) : encoded_(table, column) {
        std::vector<char> is_bad;
        for (int64_t code = 0; code < encoded_.values().length(); ++code) {
            const std::string_view text = encoded_.values().GetView(code);
            parts_.push_back(date_parts(text));
            is_bad.push_back(!parts_.back() && !is_missing_word(text));
        }
        encoded_.visit([&](int64_t row, int32_t code) {
            if (code < 0 || !is_bad[static_cast<size_t>(code)]) return;
            fail(table.where(row, column), ": ", in_quotes(encoded_.values().GetView(code)),
                 " is not a date; dates are like 2024-01-31, with a time or without");
        });
    }

    /// One part of every row, as Arrow has it.
    std::shared_ptr<arrow::ChunkedArray> part(const DatePartColumn& column) const {
        return column.is_flag ? build<arrow::BooleanBuilder, bool>(column.part)
                              : build<arrow::Int64Builder, int64_t>(column.part);
    }

private:
    template <class Builder, class T>
    std::shared_ptr<arrow::ChunkedArray> build(size_t number) const {
        Builder builder;
        require_arrow(builder.Reserve(encoded_.rows()), "Cannot keep the parts of dates");
        encoded_.visit([&](int64_t, int32_t code) {
            const auto* parts = code < 0 ? nullptr : &parts_[static_cast<size_t>(code)];
            if (parts == nullptr || !*parts) return builder.UnsafeAppendNull();
            builder.UnsafeAppend(static_cast<T>((**parts)[number]));
        });
        return std::make_shared<arrow::ChunkedArray>(arrow_value(builder.Finish(), "Cannot keep the parts of dates"));
    }

    EncodedColumn encoded_;
    std::vector<std::optional<DateParts>> parts_;
};

/// `table` with the timestamps of `column` in UTC, where they have another time zone.
Table without_time_zone(const Table& table, const std::string& column) {
    const auto values = table.column(column);
    if (values->type()->id() != arrow::Type::TIMESTAMP) return table;
    require_arrow_compute();
    const auto unit = static_cast<const arrow::TimestampType&>(*values->type()).unit();
    const auto cast = arrow_value(arrow::compute::Cast(values, arrow::timestamp(unit)), "Cannot read column '", column,
                                  "' as times in UTC");
    return table.with_column(column, cast.chunked_array());
}

}  // namespace

Table add_datepart(const Table& table, const std::string& column, const DatePartOptions& options) {
    const DatedColumn dates(without_time_zone(table, column), column);
    std::vector<std::string> kept;
    for (const auto& name : table.names()) {
        if (!options.drop || name != column) kept.push_back(name);
    }
    Table result = table.select(kept);
    for (const DatePartColumn& part : date_part_list(column, options)) {
        result = result.with_column(part.name, dates.part(part));
    }
    return result;
}

}  // namespace embark
