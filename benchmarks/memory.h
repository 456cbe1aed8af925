#pragma once

#include <cstdint>

#include <embark/data/loaders/batch.h>

namespace embark::bench {

/// The most memory that this process has had.
int64_t peak_bytes();

/// The size of all tensors.
int64_t bytes_of(const TensorDataset& data);

}  // namespace embark::bench
