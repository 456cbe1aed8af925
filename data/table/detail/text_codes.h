#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>

namespace embark {

/// Gives the values of a column codes in the order in which they come.
class TextCoder {
public:
    /// `missing_words` stand for a missing value.
    explicit TextCoder(const std::vector<std::string>& missing_words = {});
    ~TextCoder();
    TextCoder(TextCoder&&) noexcept;
    TextCoder& operator=(TextCoder&&) noexcept;

    /// Makes room for rows, `n_rows` in all.
    void reserve(int64_t n_rows);

    /// The next rows, text or coded text.
    void add(const arrow::Array& chunk);
    void add(std::span<const std::string_view> texts);

    /// The rows of `next`, which come after these.
    void append(const TextCoder& next);

    /// All rows, as code_texts gives them.
    std::shared_ptr<arrow::ChunkedArray> finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// A column of text, coded or not, as coded text of one chunk and one dictionary: the values that stand in the column,
/// each once, none missing.
std::shared_ptr<arrow::ChunkedArray> code_texts(const std::shared_ptr<arrow::ChunkedArray>& texts);

/// A column of integers as what code_texts would give of their texts, which only distinct numbers are made to.
std::shared_ptr<arrow::ChunkedArray> code_integers(const std::shared_ptr<arrow::ChunkedArray>& numbers);

/// What code_texts gave, as arrays.
const arrow::DictionaryArray& coded_array(const arrow::ChunkedArray& coded);
const arrow::StringArray& dictionary_of(const arrow::ChunkedArray& coded);

/// Codes of rows, without a look at whether any is missing where none is.
class Codes {
public:
    /// `coded` is what code_texts gave; it must outlive this.
    explicit Codes(const arrow::ChunkedArray& coded);

    /// -1 for a missing value.
    int32_t operator[](int64_t row) const { return any_missing_ && codes_->IsNull(row) ? -1 : codes_->Value(row); }
    int64_t size() const { return codes_->length(); }

    bool any_missing() const { return any_missing_; }
    /// The codes in a row; of a missing value it has any number.
    const int32_t* data() const { return codes_->raw_values(); }

private:
    const arrow::Int32Array* codes_;
    bool any_missing_;
};

/// Texts as other texts, some of which may be missing or equal.
using TextMap = std::function<std::shared_ptr<arrow::ChunkedArray>(const std::shared_ptr<arrow::ChunkedArray>& texts)>;

/// What code_texts gives of a column in which each value became what `map` makes of it; `map` sees each value once.
std::shared_ptr<arrow::ChunkedArray> map_coded_texts(const std::shared_ptr<arrow::ChunkedArray>& coded,
                                                     const TextMap& map);

}  // namespace embark
