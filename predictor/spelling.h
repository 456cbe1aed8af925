#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// How the values of a column of categories are spelled: decided by its training values, and kept with what was fitted
/// on them, so that rows, tables of any format and exported files mean the same category by the same value.
enum class Spelling {
    as_written,  ///< "007", "1e3" and " x" stay what stood there
    integers,    ///< "13", "13.0" and " 13" are "13"
    booleans,    ///< "True", "TRUE" and "true" are "true"
    trimmed,     ///< " x" and "x\t" are "x"
};

/// "as_written", "integers", "booleans", "trimmed".
std::string_view to_string(Spelling spelling);
/// Throws Error for another word.
Spelling parse_spelling(std::string_view name);

/// The one spelling of `text`; `text` itself where it is nothing of the kind ("007" and, without spaces around it, "x"
/// among integers).
std::string_view spell(Spelling spelling, std::string_view text);

/// What `values` are all spelled as, missing ones and words for such apart.
Spelling spelling_of(const std::vector<std::string>& values);

/// The same for ids. Where most are integers, all of these are one id however they are written, "7.0" and " 7" that of
/// "7", while "007" and "x" stay others; else ids are what is written without the spaces around it, and NA is one.
Spelling spelling_of_ids(const std::vector<std::string>& values);

/// Whether `text` stands for a missing value: nothing, spaces alone but for what is taken as written, and of integers
/// and booleans also a word such as NA.
bool is_missing_value(Spelling spelling, std::string_view text);

}  // namespace embark
