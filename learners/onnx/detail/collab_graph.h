#pragma once

#include <string>

#include "../../../predictor/exported_file.h"

namespace embark::onnx {

/// Whether the file is of an ItemSimilarity: it has no collab_predict.
bool scores_by_item_weights(const ExportedFile& file);

/// ONNX files of what an exported file of ratings answers, each the bytes of one. They answer what the methods of the
/// same names in the file do, for the spellings of users and items that known_spellings lists. Throw Error where the
/// file has no such method, and for a model with an operator that has no ONNX form here.

/// Inputs are string[rows,1] under the names of the user's and the item's columns, and the output is float[rows,1]
/// under that of the ratings. Unknown ones are answered as such.
std::string collab_predict(const ExportedFile& file);

/// Inputs `user`, string[1], and `k`, int64[1]; outputs `items`, string[n], and `ratings` (of files of
/// interactions `scores`), float[n], best first, the
/// earlier item first where ratings are equal. n is k, or as many as there are that the user has not rated, where these
/// are fewer; a k of 0 gives nothing, and one below is an error. The model sees all items at once.
std::string collab_recommend(const ExportedFile& file);

/// Of files of interactions: inputs `history`, string[n], and `k`, int64[1]; outputs `items`, string[m], and `scores`,
/// float[m], without those given, of which each counts once and unknown ones do not count.
std::string collab_recommend_for(const ExportedFile& file);

/// Inputs `item`, string[1], and `k`, int64[1]; outputs `items`, string[n], and `similarities`, float[n], nearest
/// first. Nothing, n = 0, for an unknown item.
std::string collab_similar(const ExportedFile& file);

}  // namespace embark::onnx
