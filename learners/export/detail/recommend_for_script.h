#pragma once

#include "../../../modules/factorization_model.h"
#include "file_export.h"

namespace embark {

/// Adds `recommend_for(items: List[str], ratings: List[float], k: int)` to a file of ratings whose model adds up what
/// users rated: CollabLearner::recommend_for. Does nothing for another kind of file, for a model that has no answer
/// (see FactorizationModelImpl::knows_new_users), and where the file has something of that name.
void add_recommend_for(FileExport& file, FactorizationModelImpl& model);

}  // namespace embark
