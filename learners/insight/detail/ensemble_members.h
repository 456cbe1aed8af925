#pragma once

// Whether models can answer together as an ensemble; not installed.

#include <cstddef>
#include <vector>

#include "../ensemble.h"

namespace embark {

/// Throws Error unless models that were trained on `first` and `other` take the same inputs for the same raw values,
/// and predict the same; the message calls the second member number `member`.
void require_same_data(const DataLoaders& first, const DataLoaders& other, size_t member);

/// Throws Error unless both are as many outputs of the same shapes.
void require_same_shapes(const Tensors& first, const Tensors& other, size_t member);

/// How outputs of the shapes of `outputs` are averaged, by what `loss` makes of them. Throws Error where that is
/// neither what they are, nor their softmax, nor their sigmoid.
std::vector<EnsembleAveraging> averages_of(const Loss& loss, const Tensors& outputs);

}  // namespace embark
