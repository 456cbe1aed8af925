#include "row_exchange.h"

#include <torch/torch.h>

#include "../distributed/process_group.h"

namespace embark {

namespace {

/// Rows of a table and what they hold, or nothing where there is no gradient.
struct Rows {
    at::Tensor indices;  // int64
    at::Tensor values;   // (indices, width)
};

Rows touched_rows(const at::Tensor& parameter) {
    const auto gradient = parameter.grad();
    const auto numbers = parameter.options().requires_grad(false);
    if (!gradient.defined()) return {at::empty({0}, at::kLong), at::empty({0, parameter.size(1)}, numbers)};
    if (gradient.is_sparse()) {
        const auto whole = gradient.coalesce();
        return {whole.indices()[0], whole.values()};
    }
    const auto indices = gradient.ne(0).any(1).nonzero().flatten();
    return {indices, gradient.index_select(0, indices)};
}

}  // namespace

void add_up_rows(ProcessGroup& processes, at::Tensor& parameter) {
    const Rows own = touched_rows(parameter);
    const auto gradient = parameter.grad();
    // What each has: rows, whether there is a gradient at all, whether it is sparse.
    auto most = at::tensor({own.indices.size(0), gradient.defined() ? int64_t{1} : 0,
                            gradient.defined() && gradient.is_sparse() ? int64_t{1} : 0},
                           at::kLong);
    processes.all_reduce(most, Reduce::max);
    if (most[1].item<int64_t>() == 0) return;
    const bool sparse = most[2].item<int64_t>() != 0;
    const int64_t width = parameter.size(1);
    // All gathered against a ring's two passes over the table.
    const int64_t by_rows = (processes.size() - 1) * most[0].item<int64_t>() * (width + 2);
    const int64_t whole = 2 * (processes.size() - 1) * parameter.numel() / processes.size();
    if (!sparse && by_rows >= whole) {
        if (!gradient.defined()) parameter.mutable_grad() = torch::zeros_like(parameter);
        return processes.all_reduce(parameter.mutable_grad());
    }
    const Tensors indices = processes.all_gather(own.indices), values = processes.all_gather(own.values);
    if (sparse) {
        parameter.mutable_grad() =
            torch::sparse_coo_tensor(torch::cat(indices).unsqueeze(0), torch::cat(values), parameter.sizes())
                .to(parameter.device())
                .coalesce();
        return;
    }
    // In the order of the ranks, so that all get the same bits.
    const auto sum = gradient.defined() ? gradient : torch::zeros_like(parameter);
    sum.index_fill_(0, own.indices, 0);
    for (size_t r = 0; r < indices.size(); ++r) {
        sum.index_add_(0, indices[r].to(sum.device()), values[r].to(sum.device()));
    }
    parameter.mutable_grad() = sum;
}

}  // namespace embark
