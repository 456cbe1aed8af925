#include "gather.h"

#include <cstring>

#include <ATen/ATen.h>

#include "../../../core/detail/parallel.h"
#include "../../../core/detail/prefetch.h"
#include "map_tensors.h"

namespace embark {

namespace {

/// Rows that are worth a thread: some 50 µs.
constexpr int64_t kRowsPerThread = 2048;

/// Copies rows of `kBytes` each, or of `bytes` where that is 0: a copy whose size is known needs no call.
template <size_t kBytes>
void copy_rows(const char* from, const int64_t* rows, int64_t n, char* to, size_t bytes = kBytes) {
    const auto row = [&](int64_t i) { return from + static_cast<size_t>(rows[i]) * (kBytes > 0 ? kBytes : bytes); };
    for (int64_t i = 0; i < n; ++i) {
        if (i + kRowsAhead < n) __builtin_prefetch(row(i + kRowsAhead));
        std::memcpy(to + static_cast<size_t>(i) * bytes, row(i), kBytes > 0 ? kBytes : bytes);
    }
}

void copy_rows(const char* from, const int64_t* rows, int64_t n, char* to, size_t bytes) {
    switch (bytes) {
        case 4:
            return copy_rows<4>(from, rows, n, to);
        case 8:
            return copy_rows<8>(from, rows, n, to);
        case 16:
            return copy_rows<16>(from, rows, n, to);
        default:
            return copy_rows<0>(from, rows, n, to, bytes);
    }
}

/// `n` rows of `tensor` (contiguous, on the CPU).
at::Tensor copy_of(const at::Tensor& tensor, const int64_t* rows, int64_t n) {
    auto shape = tensor.sizes().vec();
    shape.front() = n;
    at::Tensor gathered = at::empty(shape, tensor.options());
    const auto bytes = tensor.nbytes() / static_cast<size_t>(tensor.size(0));
    const auto* from = static_cast<const char*>(tensor.const_data_ptr());
    auto* to = static_cast<char*>(gathered.mutable_data_ptr());
    parallel_for(n, kRowsPerThread, [&](int64_t begin, int64_t end) {
        copy_rows(from, rows + begin, end - begin, to + static_cast<size_t>(begin) * bytes, bytes);
    });
    return gathered;
}

}  // namespace

Batch gather(const TensorDataset& data, const at::Tensor& order, int64_t begin, int64_t length) {
    return map_tensors(data, [&](const at::Tensor& tensor) {
        if (tensor.is_cpu()) return copy_of(tensor, order.const_data_ptr<int64_t>() + begin, length);
        return tensor.index_select(0, order.narrow(0, begin, length));
    });
}

at::Tensor take_rows(const at::Tensor& tensor, const at::Tensor& rows) {
    const at::Tensor there = rows.to(tensor.device());
    const bool is_plain = tensor.is_cpu() && tensor.is_contiguous() && !tensor.requires_grad() && tensor.numel() > 0 &&
                          there.scalar_type() == at::kLong && there.dim() == 1 && there.numel() > 0;
    if (!is_plain || there.min().item<int64_t>() < 0 || there.max().item<int64_t>() >= tensor.size(0)) {
        return tensor.index_select(0, there);
    }
    return copy_of(tensor, there.contiguous().const_data_ptr<int64_t>(), there.numel());
}

}  // namespace embark
