#include "row_exchange.h"

#include <cstring>

#include <torch/types.h>

#include "../../../distributed/process_group.h"

namespace embark {

namespace {

/// The touched rows of one table, and their place in what travels: their number, which they are, what they hold.
struct TableRows {
    at::Tensor parameter;
    at::Tensor indices;  // int64
    at::Tensor values;   // (indices, width)
    bool sparse = false;
    int64_t most = 0;  // rows, of any process
    int64_t begin = 0;

    int64_t width() const { return parameter.size(1); }
    int64_t indices_at() const { return begin + 8; }
    int64_t values_at() const { return indices_at() + most * 8; }
    int64_t end() const { return (values_at() + most * width() * parameter.element_size() + 7) / 8 * 8; }
};

TableRows touched_rows(const at::Tensor& parameter) {
    const auto gradient = parameter.grad();
    const auto numbers = parameter.options().requires_grad(false).device(at::kCPU);
    TableRows rows{.parameter = parameter,
                   .indices = at::empty({0}, at::kLong),
                   .values = at::empty({0, parameter.size(1)}, numbers)};
    if (!gradient.defined()) return rows;
    rows.sparse = gradient.is_sparse();
    if (rows.sparse) {
        const auto whole = gradient.coalesce();
        rows.indices = whole.indices()[0].cpu().contiguous();
        rows.values = whole.values().cpu().contiguous();
    } else {
        const auto indices = gradient.ne(0).any(1).nonzero().flatten();
        rows.indices = indices.cpu();
        rows.values = gradient.index_select(0, indices).cpu().contiguous();
    }
    return rows;
}

void pack(const TableRows& rows, uint8_t* to) {
    const int64_t count = rows.indices.size(0);
    std::memcpy(to + rows.begin, &count, sizeof count);
    std::memcpy(to + rows.indices_at(), rows.indices.const_data_ptr(), rows.indices.nbytes());
    std::memcpy(to + rows.values_at(), rows.values.const_data_ptr(), rows.values.nbytes());
}

/// Puts the sum in the gradient's place, taken in the order of the ranks, so that all get the same bits.
void unpack(TableRows& rows, const Tensors& from) {
    Tensors indices, values;
    for (const auto& of_rank : from) {
        auto* bytes = static_cast<uint8_t*>(of_rank.mutable_data_ptr());
        int64_t count = 0;
        std::memcpy(&count, bytes + rows.begin, sizeof count);
        const auto type = rows.parameter.scalar_type();
        indices.push_back(at::from_blob(bytes + rows.indices_at(), {count}, at::kLong));
        values.push_back(at::from_blob(bytes + rows.values_at(), {count, rows.width()}, type));
    }
    auto& parameter = rows.parameter;
    const auto device = parameter.device();
    if (rows.sparse) {
        parameter.mutable_grad() =
            torch::sparse_coo_tensor(torch::cat(indices).unsqueeze(0), torch::cat(values), parameter.sizes())
                .to(device)
                .coalesce();
        return;
    }
    const auto sum = parameter.grad().defined() ? parameter.grad() : torch::zeros_like(parameter);
    sum.index_fill_(0, rows.indices.to(device), 0);
    for (size_t r = 0; r < indices.size(); ++r) sum.index_add_(0, indices[r].to(device), values[r].to(device));
    parameter.mutable_grad() = sum;
}

}  // namespace

void add_up_rows(ProcessGroup& processes, std::vector<at::Tensor>& tables) {
    if (tables.empty()) return;
    std::vector<TableRows> all;
    // What any process has of each: rows, whether there is a gradient at all, whether it is sparse.
    std::vector<int64_t> facts;
    for (const auto& table : tables) {
        all.push_back(touched_rows(table));
        facts.insert(facts.end(), {all.back().indices.size(0), table.grad().defined() ? 1 : 0, all.back().sparse});
    }
    auto most = at::tensor(facts, at::kLong);
    processes.all_reduce(most, Reduce::max);
    std::vector<TableRows> by_rows;
    int64_t size = 0;
    for (size_t i = 0; i < all.size(); ++i) {
        const auto* fact = most.const_data_ptr<int64_t>() + 3 * i;
        if (fact[1] == 0) continue;
        TableRows& rows = all[i];
        rows.most = fact[0];
        rows.sparse = fact[2] != 0;
        rows.begin = size;
        // All gathered against a ring's two passes over the table.
        const int64_t gathered = (processes.size() - 1) * (rows.end() - rows.begin);
        const auto whole =
            static_cast<int64_t>(rows.parameter.nbytes()) * 2 * (processes.size() - 1) / processes.size();
        if (rows.sparse || gathered < whole) {
            size = rows.end();
            by_rows.push_back(rows);
            continue;
        }
        auto& parameter = rows.parameter;
        if (!parameter.grad().defined()) parameter.mutable_grad() = torch::zeros_like(parameter);
        processes.all_reduce(parameter.mutable_grad());
    }
    if (by_rows.empty()) return;
    const auto packed = at::zeros({size}, at::kByte);
    for (const auto& rows : by_rows) pack(rows, packed.mutable_data_ptr<uint8_t>());
    const Tensors gathered = processes.all_gather_equal(packed);
    for (auto& rows : by_rows) unpack(rows, gathered);
}

}  // namespace embark
