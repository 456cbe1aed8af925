#include "dataset.h"

#include "../../core/error.h"

namespace embark {

std::string titled(const Sample& sample) {
    return sample.name.empty() ? concat(sample.index) : concat(sample.index, " (", sample.name, ")");
}

Dataset::~Dataset() = default;

SampleStream::~SampleStream() = default;

IterableDataset::~IterableDataset() = default;

namespace detail {

Sample only_row(Sample stacked) {
    for (Tensors* tensors : {&stacked.inputs, &stacked.targets}) {
        for (at::Tensor& tensor : *tensors) {
            require(tensor.defined() && tensor.dim() > 0 && tensor.size(0) == 1,
                    "get_batch gave something else than one row for one index");
            tensor = tensor.select(0, 0);
        }
    }
    return stacked;
}

int64_t known_size(std::optional<size_t> size) {
    require(size.has_value(),
            "The data set does not say how many samples it has; give it as one with next() and "
            "rows_per_epoch");
    return static_cast<int64_t>(*size);
}

}  // namespace detail

}  // namespace embark
