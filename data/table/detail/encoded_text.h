#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <arrow/api.h>

namespace embark {

/// A column of text, dictionary-encoded or not, as encoded text of one chunk and one dictionary: the values that stand
/// in the column, each once, none missing.
std::shared_ptr<arrow::ChunkedArray> encode_texts(const std::shared_ptr<arrow::ChunkedArray>& texts);

/// A column of integers as what encode_texts would give of their texts, which only distinct numbers are made to.
std::shared_ptr<arrow::ChunkedArray> encode_integers(const std::shared_ptr<arrow::ChunkedArray>& numbers);

/// What encode_texts gave, as arrays.
const arrow::DictionaryArray& encoded_array(const arrow::ChunkedArray& encoded);
const arrow::StringArray& dictionary_of(const arrow::ChunkedArray& encoded);

/// Codes of rows, without a look at whether any is missing where none is.
class Codes {
public:
    /// `encoded` is what encode_texts gave; it must outlive this.
    explicit Codes(const arrow::ChunkedArray& encoded);

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

/// Of how many rows each value of the dictionary is.
std::vector<int64_t> rows_of_values(const Codes& codes, int64_t n_values);

/// Texts as other texts, some of which may be missing or equal.
using TextMap = std::function<std::shared_ptr<arrow::ChunkedArray>(const std::shared_ptr<arrow::ChunkedArray>& texts)>;

/// What encode_texts gives of a column in which each value became what `map` makes of it; `map` sees each value once.
std::shared_ptr<arrow::ChunkedArray> map_encoded_texts(const std::shared_ptr<arrow::ChunkedArray>& encoded,
                                                       const TextMap& map);

}  // namespace embark
