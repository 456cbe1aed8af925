#pragma once

#include <string>

#include "../../../predictor/exported_file.h"
#include "graph.h"

namespace embark::onnx {

// What files of ratings and of interactions say of somebody whom training did not see. `items` (n) are int64 numbers.

/// The scores (items) that weights between items give for a list of items.
std::string scores_by_items(Graph& graph, const ExportedFile& file, const std::string& items);

/// What add_ranking_methods has the file say of somebody with these items, each once: scores (items).
std::string new_user_scores(Graph& graph, const ExportedFile& file, const std::string& items);

/// FactorizationModelImpl::new_user_predictions for `ratings` (n, float64) of `items`: (items), float32.
std::string new_user_ratings(Graph& graph, const ExportedFile& file, const std::string& items, const std::string& ratings);

/// Whether they are what the file's method recommend_for takes, (1): at least one known item, each once, with finite
/// ratings that are not far off the scale.
std::string are_ratings(Graph& graph, const ExportedFile& file, const std::string& items, const std::string& ratings);

}  // namespace embark::onnx
