#include "csv_columns.h"

#include <string_view>
#include <utility>

#include "arrow_utils.h"

namespace embark {

namespace {

using ArrowColumn = std::shared_ptr<arrow::ChunkedArray>;

/// `texts` without spaces around them, and then without those that stand for a missing value.
ArrowColumn trimmed(const ArrowColumn& texts, const CsvValues& values) {
    std::vector<std::string> missing = values.missing_values;
    missing.emplace_back();
    const arrow::compute::TrimOptions spaces{std::string(kCsvSpaces)};
    const auto texts_alone =
        arrow_value(arrow::compute::CallFunction("ascii_trim", {texts}, &spaces), "Cannot remove spaces around values");
    return missing_where(texts_alone.chunked_array(), missing);
}

}  // namespace

CsvRows::CsvRows(const CsvFile& file, CsvValues values)
    : names_(file.names), values_(std::move(values)), skip_header_(file.has_header) {
    require_arrow_compute();
    for (const bool coded : file.coded) {
        columns_.push_back(coded ? Column(TextCoder()) : Column(Plain()));
        if (coded) std::get<TextCoder>(columns_.back()).reserve(file.expected_rows);
    }
}

void CsvRows::add(std::shared_ptr<arrow::RecordBatch> batch) {
    if (batch->num_rows() == 0) return;
    if (latest_) take(*latest_);
    latest_ = std::exchange(skip_header_, false) ? batch->Slice(1) : std::move(batch);
}

bool CsvRows::ends_with_mark() const {
    return latest_ && latest_->num_rows() > 0 && is_csv_end(*latest_);
}

void CsvRows::take(const arrow::RecordBatch& batch) {
    for (size_t i = 0; i < columns_.size(); ++i) {
        const auto& values = batch.column(static_cast<int>(i));
        if (auto* coder = std::get_if<TextCoder>(&columns_[i])) {
            coder->add(*values);
        } else {
            std::get<Plain>(columns_[i]).push_back(values);
        }
    }
}

ArrowColumn CsvRows::finish_column(Column& column) const {
    const auto trim = [&](const ArrowColumn& texts) { return trimmed(texts, values_); };
    if (auto* coder = std::get_if<TextCoder>(&column)) {
        auto coded = coder->finish();
        return values_.trim_spaces ? map_coded_texts(coded, trim) : coded;
    }
    const auto texts = std::make_shared<arrow::ChunkedArray>(std::move(std::get<Plain>(column)), arrow::utf8());
    return values_.trim_spaces ? trim(texts) : texts;
}

std::shared_ptr<arrow::Table> CsvRows::finish() && {
    take(*latest_->Slice(0, latest_->num_rows() - 1));
    latest_.reset();
    arrow::FieldVector fields;
    arrow::ChunkedArrayVector finished;
    for (size_t i = 0; i < columns_.size(); ++i) {
        finished.push_back(finish_column(columns_[i]));
        fields.push_back(arrow::field(names_[i], finished.back()->type()));
    }
    return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(finished));
}

}  // namespace embark
