#include "bag_sums.h"

#include <ATen/ATen.h>

#include "../../core/error.h"

namespace embark {

Bags with_integers(const Bags& bags) {
    if (bags.offsets.scalar_type() == at::kLong) return bags;
    require(bags.offsets.scalar_type() == at::kDouble, "A model that adds up lists keeps them as integers, which ",
            bags.offsets.dtype().name(), " cannot hold: it trains in float32 as it is made, or in float64");
    return {bags.offsets.to(at::kLong), bags.indices.to(at::kLong), bags.weights};
}

at::Tensor bag_sums(const Bags& as_kept, const at::Tensor& rows, const at::Tensor& table, double dropout,
                    bool sparse) {
    const Bags bags = with_integers(as_kept);
    const auto first = bags.offsets.index_select(0, rows), lengths = bags.offsets.index_select(0, rows + 1) - first;
    const auto starts = lengths.cumsum(0) - lengths;
    const auto places = at::repeat_interleave(first - starts, lengths);
    const auto entries = places + at::arange(places.numel(), places.options());
    auto weights = bags.weights.index_select(0, entries);
    if (dropout > 0) weights = at::dropout(weights, dropout, /*train=*/true);
    return std::get<0>(at::embedding_bag(table, bags.indices.index_select(0, entries), starts,
                                         /*scale_grad_by_freq=*/false, /*mode=sum*/ 0, sparse, weights));
}

}  // namespace embark
