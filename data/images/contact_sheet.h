#pragma once

#include "../../plots/page.h"
#include "../loaders/dataloaders.h"

namespace embark {

/// A page with the pictures of `batch`, its first input (rows, 1 or 3, height, width), and under each what `dls.decode`
/// says of its targets, and of `predictions`, a model's decoded outputs, where these are given. Classes that are
/// predicted wrongly stand in red. Pictures with values outside 0 … 1, as normalize() makes them, are stretched to
/// these. Throws Error for what are no pictures.
///
///     contact_sheet(dls, dls.one_batch()).save("batch.html");
Page contact_sheet(const DataLoaders& dls, const Batch& batch, const Tensors& predictions = {});

}  // namespace embark
