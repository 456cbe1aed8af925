#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

#include "../../predictor/text_vocabulary.h"
#include "../../predictor/vocabulary.h"

namespace embark {

class Table;

/// The categories of `column` among `rows` (1-d int64 indices of table rows). Throws Error for a row that is not there.
///
///     const Vocabulary films = fit_vocabulary(ratings, "title", split.train);
///     const at::Tensor film = encode_column(films, ratings, "title");
Vocabulary fit_vocabulary(const Table& table, std::string_view column, const at::Tensor& rows);

/// The numbers of all values of `column` in `vocabulary`, as int64 of (rows).
at::Tensor encode_column(const Vocabulary& vocabulary, const Table& table, std::string_view column);

/// The tokens of `column` in `rows` (1-d int64 indices of table rows). Throws Error for a row that is not there,
/// UsageError for options that TextVocabulary::fit refuses.
TextVocabulary fit_text_vocabulary(const Table& table, std::string_view column, const at::Tensor& rows,
                                   const TextVocabularyOptions& options = {});

/// The numbers of the first `max_len` tokens of each row's text, as int64 of (rows, max_len), with padding at the end;
/// a missing text is padding alone. Throws UsageError for a max_len below 1.
at::Tensor encode_column(const TextVocabulary& vocabulary, const Table& table, std::string_view column,
                         int64_t max_len);

}  // namespace embark
