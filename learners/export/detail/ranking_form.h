#pragma once

#include <utility>

#include "../../../modules/item_scorer.h"
#include "../../model.h"
#include "file_export.h"

namespace embark {

/// What stands in a file for a model that ranks items, and an example of what that takes, users and items (n, 2): of a
/// RankingModel a FactorizationModel of its vectors, added up; else the model itself. `users` is a batch's first input.
std::pair<Model, Tensors> ranking_form(const Model& model, ItemScorer& scorer, const at::Tensor& users);

/// Adds how the file knows users whom training did not see, and where it does,
/// `recommend_for(items: List[str], k: int)`, RankingLearner::recommend_for. Does nothing for files that have no items.
void add_ranking_methods(FileExport& file, ItemScorer& scorer);

}  // namespace embark
