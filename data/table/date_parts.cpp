#include "date_parts.h"

#include <memory>
#include <optional>
#include <vector>

#include "../../core/detail/number_words.h"
#include "../../core/error.h"
#include "detail/arrow_utils.h"
#include "detail/encoded_column.h"
#include "detail/table_impl.h"

namespace embark {

namespace {

/// The parts of every distinct value of a column.
class DatedColumn {
public:
    DatedColumn(const Table& table, const std::string& column, const std::string& format, UnreadableDates* unreadable)
        : encoded_(table, column) {
        std::vector<char> is_bad;
        bool any_bad = false;
        for (int64_t code = 0; code < encoded_.values().length(); ++code) {
            const std::string_view text = encoded_.values().GetView(code);
            parts_.push_back(date_parts(text, format));
            is_bad.push_back(!parts_.back() && !is_missing_word(without_blanks(text)));
            any_bad = any_bad || is_bad.back();
        }
        if (!any_bad) return;
        encoded_.visit([&](int64_t row, int32_t code) {
            if (code < 0 || !is_bad[static_cast<size_t>(code)]) return;
            const std::string_view text = encoded_.values().GetView(code);
            const auto where = [&] { return concat(table.where(row, column), ": ", in_quotes(text)); };
            if (!unreadable) fail(where(), " is not a date; ", date_hint(format));
            if (unreadable->count++ > 0) return;
            unreadable->first = where();
            unreadable->first_value = in_quotes(text);
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

}  // namespace

Table add_datepart(const Table& table, const std::string& column, const DatePartOptions& options,
                   UnreadableDates* unreadable) {
    if (!options.format.empty()) require_date_format(options.format);
    const DatedColumn dates(table, column, options.format, unreadable);
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
