#include "row_source.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "detail/memory_rows.h"

namespace embark {

RowPass::~RowPass() = default;

RowSource::~RowSource() = default;

Batch RowSource::first_rows(int64_t n, uint64_t random) const {
    return pass({.batch_size = std::max<int64_t>(n, 1), .random = random})->batch(0).take(at::arange(n));
}

TensorDataset RowSource::sample(int64_t n, uint64_t seed) const {
    return pass({.batch_size = n, .seed = seed, .shuffle_buffer = n})->batch(0);
}

std::shared_ptr<const RowSource> RowSource::taken(const at::Tensor& rows) const {
    return std::make_shared<const MemoryRows>(data().take(rows), data().inputs.front().device());
}

const TensorDataset& RowSource::data() const {
    fail("The rows of ", source(), " are streamed and never in memory all at once");
}

}  // namespace embark
