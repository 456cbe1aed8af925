#include "fused_row_exchange.h"

#include <cstring>
#include <unordered_map>

#include <torch/types.h>

#include "../../../core/error.h"
#include "../../../distributed/process_group.h"

namespace embark {

namespace {

/// Numbers of a kind in a row of floats as bytes.
constexpr int64_t kIdFloats = sizeof(int64_t) / sizeof(float);

/// A table's part of what travels: how many rows there are, their ids, their gradients, those of their biases.
struct Layout {
    int64_t width, most_rows;
    int64_t ids() const { return kIdFloats; }
    int64_t gradient() const { return ids() + most_rows * kIdFloats; }
    int64_t bias_gradient() const { return gradient() + most_rows * width; }
    int64_t size() const { return bias_gradient() + most_rows; }
};

void pack(const TouchedRows& from, const Layout& layout, float* to) {
    const auto count = static_cast<int64_t>(from.rows.size());
    require(count <= layout.most_rows, "A batch touches ", count, " rows of a table, more than this process's part of ",
            layout.most_rows, " of its rows can");
    std::memcpy(to, &count, sizeof count);
    std::memcpy(to + layout.ids(), from.rows.data(), from.rows.size() * sizeof(int64_t));
    std::memcpy(to + layout.gradient(), from.gradient.data(), from.gradient.size() * sizeof(float));
    std::memcpy(to + layout.bias_gradient(), from.bias_gradient.data(), from.bias_gradient.size() * sizeof(float));
}

/// Adds one process's rows to those of the processes before it.
void add(const float* from, const Layout& layout, std::unordered_map<int64_t, size_t>& places, const TouchedRows& to) {
    int64_t count = 0;
    std::memcpy(&count, from, sizeof count);
    for (int64_t i = 0; i < count; ++i) {
        int64_t row = 0;
        std::memcpy(&row, from + layout.ids() + i * kIdFloats, sizeof row);
        const auto [found, is_new] = places.try_emplace(row, to.rows.size());
        if (is_new) {
            to.rows.push_back(row);
            to.gradient.resize(to.gradient.size() + static_cast<size_t>(layout.width), 0);
            to.bias_gradient.push_back(0);
        }
        const float* gradient = from + layout.gradient() + i * layout.width;
        float* sum = to.gradient.data() + static_cast<int64_t>(found->second) * layout.width;
        for (int64_t j = 0; j < layout.width; ++j) sum[j] += gradient[j];
        to.bias_gradient[found->second] += from[layout.bias_gradient() + i];
    }
}

}  // namespace

void add_up_touched_rows(ProcessGroup& processes, int64_t width, int64_t most_rows,
                         std::span<const TouchedRows> tables) {
    const Layout layout{width, most_rows};
    const auto own = at::zeros({static_cast<int64_t>(tables.size()) * layout.size()}, at::kFloat);
    for (size_t i = 0; i < tables.size(); ++i) {
        pack(tables[i], layout, own.mutable_data_ptr<float>() + static_cast<int64_t>(i) * layout.size());
    }
    const Tensors all = processes.all_gather_equal(own);
    for (size_t i = 0; i < tables.size(); ++i) {
        tables[i].rows.clear();
        tables[i].gradient.clear();
        tables[i].bias_gradient.clear();
        std::unordered_map<int64_t, size_t> places;
        for (const auto& of_rank : all) {
            add(of_rank.const_data_ptr<float>() + static_cast<int64_t>(i) * layout.size(), layout, places, tables[i]);
        }
    }
}

}  // namespace embark
