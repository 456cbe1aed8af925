#pragma once

#include <string>

#include "../../../predictor/exported_file.h"

namespace embark::onnx {

/// The ONNX file, its bytes, of what `predict` of an exported file of tables answers. There is an input for each raw
/// column under its own name, in the order of FileInfo::inputs:
///   category  string[rows, 1], in the spellings that known_spellings lists; "" is missing; what training did not
///             have is answered as such
///   number    double[rows, 1]; NaN is missing
///   date      string[rows, 1], as add_date reads it; what is no date is missing
///   text      int64[rows, max_len], the numbers of its tokens, since a graph cannot take texts apart; see
///             file_metadata, which says what else the file tells of itself
/// The outputs are those of give_answers. A row with a number that the file itself refuses is answered by NaN and "".
///
/// Throws Error for a file without predict, and for a model with an operator that has no ONNX form here.
std::string tabular_predict(const ExportedFile& file);

}  // namespace embark::onnx
