#include "csv_columns.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>
#include <utility>

#include "../../../core/detail/parallel.h"
#include "../../table/detail/arrow_utils.h"

namespace embark {

namespace {

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

CsvColumns::CsvColumns(const CsvFile& file, CsvValues values)
    : names_(file.names), values_(std::move(values)), missing_words_(file.missing_values) {
    require_arrow_compute();
    missing_words_.emplace_back();
    for (const bool coded : file.coded) columns_.push_back(coded ? Column(TextCoder(missing_words_)) : Column(Plain()));
}

void CsvColumns::reserve(int64_t n_rows) {
    for (Column& column : columns_) {
        if (auto* coder = std::get_if<TextCoder>(&column)) coder->reserve(n_rows);
    }
}

void CsvColumns::add(const arrow::RecordBatch& rows) {
    for (size_t i = 0; i < columns_.size(); ++i) {
        const auto& texts = rows.column(static_cast<int>(i));
        if (auto* coder = std::get_if<TextCoder>(&columns_[i])) {
            coder->add(*texts);
        } else {
            std::get<Plain>(columns_[i]).push_back(texts);
        }
    }
}

void CsvColumns::add(const std::vector<CsvTexts>& columns) {
    for (size_t i = 0; i < columns_.size(); ++i) {
        if (auto* coder = std::get_if<TextCoder>(&columns_[i])) {
            coder->add(columns[i]);
        } else {
            std::get<Plain>(columns_[i]).push_back(plain_texts(columns[i]));
        }
    }
}

std::shared_ptr<arrow::Array> CsvColumns::plain_texts(const CsvTexts& texts) const {
    constexpr const char* kFailure = "Cannot keep a column of text";
    const auto size = std::accumulate(texts.begin(), texts.end(), int64_t{0},
                                      [](int64_t sum, std::string_view text) { return sum + std::ssize(text); });
    arrow::StringBuilder plain;
    require_arrow(plain.Reserve(std::ssize(texts)), kFailure);
    require_arrow(plain.ReserveData(size), kFailure);
    for (const std::string_view text : texts) {
        if (std::find(missing_words_.begin(), missing_words_.end(), text) != missing_words_.end()) {
            plain.UnsafeAppendNull();
        } else {
            plain.UnsafeAppend(text);
        }
    }
    return arrow_value(plain.Finish(), kFailure);
}

void CsvColumns::append(CsvColumns next) {
    parallel_for_each(std::ssize(columns_), [&](int64_t i) {
        Column& column = columns_[static_cast<size_t>(i)];
        Column& following = next.columns_[static_cast<size_t>(i)];
        if (auto* coder = std::get_if<TextCoder>(&column)) {
            coder->append(std::get<TextCoder>(following));
        } else {
            auto& chunks = std::get<Plain>(following);
            std::move(chunks.begin(), chunks.end(), std::back_inserter(std::get<Plain>(column)));
        }
    });
}

ArrowColumn CsvColumns::finish_column(Column& column) const {
    const auto trim = [&](const ArrowColumn& texts) { return trimmed(texts, values_); };
    if (auto* coder = std::get_if<TextCoder>(&column)) {
        auto coded = coder->finish();
        return values_.trim_spaces ? map_coded_texts(coded, trim) : coded;
    }
    const auto texts = std::make_shared<arrow::ChunkedArray>(std::move(std::get<Plain>(column)), arrow::utf8());
    return values_.trim_spaces ? trim(texts) : texts;
}

std::shared_ptr<arrow::Table> CsvColumns::finish() && {
    arrow::FieldVector fields;
    arrow::ChunkedArrayVector finished;
    for (size_t i = 0; i < columns_.size(); ++i) {
        finished.push_back(finish_column(columns_[i]));
        fields.push_back(arrow::field(names_[i], finished.back()->type()));
    }
    return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(finished));
}

CsvRows::CsvRows(const CsvFile& file, CsvValues values)
    : skip_header_(file.has_header), end_mark_(csv_end_mark(file)), columns_(file, std::move(values)) {
    columns_.reserve(file.expected_rows);
}

void CsvRows::add(std::shared_ptr<arrow::RecordBatch> batch) {
    if (batch->num_rows() == 0) return;
    if (latest_) columns_.add(*latest_);
    latest_ = std::exchange(skip_header_, false) ? batch->Slice(1) : std::move(batch);
}

bool CsvRows::ends_with_mark() const {
    return latest_ && latest_->num_rows() > 0 && is_csv_end(*latest_, end_mark_);
}

std::shared_ptr<arrow::Table> CsvRows::finish() && {
    columns_.add(*latest_->Slice(0, latest_->num_rows() - 1));
    latest_.reset();
    return std::move(columns_).finish();
}

}  // namespace embark
