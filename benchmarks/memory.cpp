#include "memory.h"

#include <sys/resource.h>
#include <torch/torch.h>

#include <embark/core/error.h>

namespace embark::bench {

int64_t peak_bytes() {
    rusage usage{};
    require(getrusage(RUSAGE_SELF, &usage) == 0, "The memory of this process cannot be told");
    return int64_t{usage.ru_maxrss} * 1024;
}

int64_t bytes_of(const TensorDataset& data) {
    int64_t bytes = 0;
    for (const Tensors* tensors : {&data.inputs, &data.targets}) {
        for (const at::Tensor& tensor : *tensors) bytes += static_cast<int64_t>(tensor.nbytes());
    }
    return bytes;
}

}  // namespace embark::bench
