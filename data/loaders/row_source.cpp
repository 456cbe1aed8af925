#include "row_source.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../core/error.h"

namespace embark {

RowPass::~RowPass() = default;

RowSource::~RowSource() = default;

Batch RowSource::first_rows(int64_t n) const {
    return pass({.batch_size = std::max<int64_t>(n, 1)})->batch(0).take(at::arange(n));
}

TensorDataset RowSource::sample(int64_t n, uint64_t seed) const {
    return pass({.batch_size = n, .seed = seed, .shuffle_buffer = n})->batch(0);
}

const TensorDataset& RowSource::data() const {
    fail("The rows of ", source(), " are streamed and never in memory all at once");
}

}  // namespace embark
