#include "row_exchange.h"

#include <cstring>

#include <torch/types.h>

#include "../../../core/error.h"
#include "../../../distributed/strategy.h"

namespace embark {

namespace {

int64_t row_bytes(const at::Tensor& values) {
    return values.numel() == 0 ? c10::multiply_integers(values.sizes().slice(1)) * values.element_size()
                               : static_cast<int64_t>(values.nbytes()) / values.size(0);
}

/// The bytes of a table in what travels: how many rows there are, which, and what there is of each, at multiples of 8.
int64_t packed_size(const TouchedRows& table, int64_t most) {
    int64_t size = 8 + most * 8;
    for (const auto& values : table.values) size += (most * row_bytes(values) + 7) / 8 * 8;
    return size;
}

/// Calls `visit(bytes, tensor)` for where each of a table's tensors travels.
template <class Visit>
void visit_parts(const TouchedRows& table, int64_t most, uint8_t* bytes, const Visit& visit) {
    bytes += 8;
    visit(bytes, table.indices);
    bytes += most * 8;
    for (const auto& values : table.values) {
        visit(bytes, values);
        bytes += (most * row_bytes(values) + 7) / 8 * 8;
    }
}

/// A table's rows as views of what has travelled, which they keep.
TouchedRows unpacked(const TouchedRows& form, int64_t most, const at::Tensor& packed) {
    auto* const bytes = packed.mutable_data_ptr<uint8_t>();
    int64_t count = 0;
    std::memcpy(&count, bytes, sizeof count);
    Tensors parts;
    visit_parts(form, most, bytes, [&](uint8_t* from, const at::Tensor& like) {
        auto shape = like.sizes().vec();
        shape.front() = count;
        parts.push_back(at::from_blob(
            from, shape, [packed](void*) {}, like.scalar_type()));
    });
    return {parts.front(), {parts.begin() + 1, parts.end()}};
}

/// The gradient of a table: its touched rows, and what any process says of it.
struct TableGradient {
    at::Tensor parameter;
    TouchedRows rows;
    bool sparse = false;
};

TableGradient touched_rows(const at::Tensor& parameter) {
    const auto gradient = parameter.grad();
    const auto numbers = parameter.options().requires_grad(false).device(at::kCPU);
    if (!gradient.defined()) {
        return {parameter, {at::empty({0}, at::kLong), {at::empty({0, parameter.size(1)}, numbers)}}};
    }
    if (gradient.is_sparse()) {
        const auto whole = gradient.coalesce();
        return {parameter, {whole.indices()[0].cpu().contiguous(), {whole.values().cpu().contiguous()}}, true};
    }
    const auto indices = gradient.ne(0).any(1).nonzero().flatten();
    return {parameter, {indices.cpu(), {gradient.index_select(0, indices).cpu().contiguous()}}};
}

/// Puts the sum in the gradient's place, taken in the order of the ranks, so that all get the same bits.
void put_sum(const TableGradient& table, const std::vector<TouchedRows>& of_ranks) {
    auto parameter = table.parameter;
    const auto device = parameter.device();
    if (table.sparse) {
        Tensors indices, values;
        for (const auto& rows : of_ranks) {
            indices.push_back(rows.indices);
            values.push_back(rows.values.front());
        }
        parameter.mutable_grad() =
            torch::sparse_coo_tensor(torch::cat(indices).unsqueeze(0), torch::cat(values), parameter.sizes())
                .to(device)
                .coalesce();
        return;
    }
    const auto sum = parameter.grad().defined() ? parameter.grad() : torch::zeros_like(parameter);
    sum.index_fill_(0, table.rows.indices.to(device), 0);
    for (const auto& rows : of_ranks) sum.index_add_(0, rows.indices.to(device), rows.values.front().to(device));
    parameter.mutable_grad() = sum;
}

}  // namespace

std::vector<std::vector<TouchedRows>> gather_touched_rows(Strategy& strategy, const std::vector<TouchedRows>& tables,
                                                          const std::vector<int64_t>& most) {
    std::vector<int64_t> begins = {0};
    for (size_t t = 0; t < tables.size(); ++t) begins.push_back(begins.back() + packed_size(tables[t], most[t]));
    const auto packed = at::zeros({begins.back()}, at::kByte);
    for (size_t t = 0; t < tables.size(); ++t) {
        const int64_t count = tables[t].indices.size(0);
        require(count <= most[t], "A batch touches ", count, " rows of a table, more than this process's part of ",
                most[t], " of its rows can");
        auto* const bytes = packed.mutable_data_ptr<uint8_t>() + begins[t];
        std::memcpy(bytes, &count, sizeof count);
        visit_parts(tables[t], most[t], bytes, [](uint8_t* to, const at::Tensor& from) {
            if (from.numel() > 0) std::memcpy(to, from.const_data_ptr(), from.nbytes());
        });
    }
    std::vector<std::vector<TouchedRows>> all;
    for (const auto& of_rank : strategy.all_gather_equal(packed)) {
        auto& rows = all.emplace_back();
        for (size_t t = 0; t < tables.size(); ++t) {
            rows.push_back(unpacked(tables[t], most[t], of_rank.narrow(0, begins[t], begins[t + 1] - begins[t])));
        }
    }
    return all;
}

void add_up_rows(Strategy& strategy, const std::vector<at::Tensor>& tables) {
    if (tables.empty()) return;
    std::vector<TableGradient> all;
    // What any process has of each: rows, whether there is a gradient at all, whether it is sparse.
    std::vector<int64_t> facts;
    for (const auto& table : tables) {
        all.push_back(touched_rows(table));
        facts.insert(facts.end(), {all.back().rows.indices.size(0), table.grad().defined() ? 1 : 0, all.back().sparse});
    }
    auto of_any = at::tensor(facts, at::kLong);
    strategy.all_reduce(of_any, Reduce::max);
    std::vector<TableGradient> by_rows;
    std::vector<TouchedRows> rows;
    std::vector<int64_t> most;
    const int64_t size = strategy.share().size;
    for (size_t i = 0; i < all.size(); ++i) {
        const auto* fact = of_any.const_data_ptr<int64_t>() + 3 * i;
        if (fact[1] == 0) continue;
        auto& parameter = all[i].parameter;
        all[i].sparse = fact[2] != 0;
        // All gathered against a ring's two passes over the table.
        const int64_t gathered = (size - 1) * packed_size(all[i].rows, fact[0]);
        if (all[i].sparse || gathered < static_cast<int64_t>(parameter.nbytes()) * 2 * (size - 1) / size) {
            by_rows.push_back(all[i]);
            rows.push_back(all[i].rows);
            most.push_back(fact[0]);
            continue;
        }
        if (!parameter.grad().defined()) parameter.mutable_grad() = torch::zeros_like(parameter);
        strategy.all_reduce(parameter.mutable_grad());
    }
    if (by_rows.empty()) return;
    const auto gathered = gather_touched_rows(strategy, rows, most);
    for (size_t t = 0; t < by_rows.size(); ++t) {
        std::vector<TouchedRows> of_ranks;
        for (const auto& of_rank : gathered) of_ranks.push_back(of_rank[t]);
        put_sum(by_rows[t], of_ranks);
    }
}

}  // namespace embark
