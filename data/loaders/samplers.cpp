#include "samplers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "../../core/error.h"
#include "detail/random_order.h"

namespace embark {

namespace {

int64_t epoch_rows(int64_t n, const SamplerPass& pass) {
    return n == 0 ? pass.rows : n;
}

void require_count(int64_t n) {
    require<UsageError>(n >= 0, "A sampler cannot draw ", n, " rows an epoch; it needs at least 1, or 0 for all");
}

at::Tensor settled(const at::Tensor& values, const char* what) {
    require(values.defined() && values.dim() == 1 && values.numel() > 0, "A sampler's ", what,
            " must be a 1-d tensor with one entry for each row");
    return values.detach().to(at::kCPU).contiguous();
}

at::Tensor settled_integers(const at::Tensor& values, const char* what) {
    const at::Tensor found = settled(values, what);
    require(at::isIntegralType(found.scalar_type(), /*includeBool=*/true), "A sampler's ", what,
            " must be integers, and are ", found.scalar_type());
    return found.to(at::kLong);
}

/// What was told of all rows, for those of the pass.
at::Tensor of_rows(const at::Tensor& values, const SamplerPass& pass, const char* what) {
    if (!pass.numbers.defined()) {
        require(values.numel() == pass.rows, "The sampler has ", values.numel(), " ", what, " and the data set ",
                pass.rows, " rows; it needs one for each");
        return values;
    }
    const int64_t last = pass.numbers.max().item<int64_t>();
    require(last < values.numel(), "The sampler has ", values.numel(), " ", what,
            " and the data set from which the training rows are at least ", last + 1, " rows; it needs one for each");
    return values.index_select(0, pass.numbers);
}

at::Tensor drawn_by_weight(const at::Tensor& weights, int64_t n, uint64_t seed) {
    const at::Tensor sums = weights.cumsum(0);
    const double total = sums[-1].item<double>();
    require(total > 0, "All weights of the sampler's rows are 0, so that none can be drawn");
    const at::Tensor at = at::rand({n}, at::detail::createCPUGenerator(seed), at::kDouble) * total;
    // The first row whose sum is above; for what was rounded up to the total, the last that can be drawn.
    const int64_t last = at::searchsorted(sums, sums[-1]).item<int64_t>();
    return at::searchsorted(sums, at, /*out_int32=*/false, /*right=*/true).clamp_max(last);
}

}  // namespace

Sampler sequential_sampler() {
    return [](const SamplerPass& pass) { return at::arange(pass.rows); };
}

Sampler random_sampler(int64_t n) {
    require_count(n);
    return [n](const SamplerPass& pass) {
        require(n <= pass.rows, "The sampler cannot draw ", n, " of ", pass.rows, " rows without replacement");
        return permutation(pass.rows, pass.seed).narrow(0, 0, epoch_rows(n, pass));
    };
}

Sampler replacement_sampler(int64_t n) {
    require_count(n);
    return [n](const SamplerPass& pass) {
        return at::randint(pass.rows, {epoch_rows(n, pass)}, at::detail::createCPUGenerator(pass.seed), at::kLong);
    };
}

Sampler subset_sampler(at::Tensor rows, bool shuffle) {
    return [rows = settled_integers(rows, "rows"), shuffle](const SamplerPass& pass) {
        const at::Tensor kept = pass.numbers.defined() ? at::isin(pass.numbers, rows).nonzero().flatten() : rows;
        return shuffle ? kept.index_select(0, permutation(kept.numel(), pass.seed)) : kept;
    };
}

Sampler weighted_sampler(at::Tensor weights, int64_t n) {
    require_count(n);
    const at::Tensor found = settled(weights, "weights").to(at::kDouble);
    require(found.isfinite().all().item<bool>() && found.min().item<double>() >= 0,
            "A sampler's weights must be finite numbers of at least 0");
    require(found.max().item<double>() > 0, "A sampler's weights are all 0, so that no row can be drawn");
    return [found, n](const SamplerPass& pass) {
        return drawn_by_weight(of_rows(found, pass, "weights"), epoch_rows(n, pass), pass.seed);
    };
}

Sampler class_balanced_sampler(at::Tensor classes, int64_t n) {
    require_count(n);
    const at::Tensor all = settled_integers(classes, "classes");
    require(all.min().item<int64_t>() >= 0, "A sampler's classes must be 0, 1, …, and one is ",
            all.min().item<int64_t>());
    return [all, n, n_classes = all.max().item<int64_t>() + 1](const SamplerPass& pass) {
        const at::Tensor found = of_rows(all, pass, "classes");
        const at::Tensor sizes = at::bincount(found, {}, n_classes);
        const int64_t rarest = sizes.argmin().item<int64_t>();
        require(sizes[rarest].item<int64_t>() > 0, "Class ", rarest, " of ", n_classes,
                " has no row to draw, so that classes cannot be balanced; leave it out of the numbering, or split "
                "otherwise");
        const at::Tensor weights = sizes.to(at::kDouble).reciprocal().index_select(0, found);
        return drawn_by_weight(weights, epoch_rows(n, pass), pass.seed);
    };
}

Sampler group_sampler(at::Tensor groups) {
    return [all = settled_integers(groups, "groups")](const SamplerPass& pass) {
        const auto [names, group, counts] =
            at::_unique2(of_rows(all, pass, "groups"), /*sorted=*/true, /*return_inverse=*/true);
        const at::Tensor place = permutation(names.numel(), pass.seed);
        return place.index_select(0, group).argsort(/*stable=*/true);
    };
}

Sampler by_length_sampler(at::Tensor lengths, int64_t pool) {
    require<UsageError>(pool >= 1, "Invalid pool of ", pool, " batches: at least 1 is needed");
    return [all = settled(lengths, "lengths"), pool](const SamplerPass& pass) {
        at::Tensor order = permutation(pass.rows, pass.seed);
        const at::Tensor length = of_rows(all, pass, "lengths").index_select(0, order);
        const bool is_one_pool = pass.batch_size >= pass.rows || pool >= pass.rows / pass.batch_size + 1;
        const int64_t together = is_one_pool ? pass.rows : pool * pass.batch_size;
        std::vector<at::Tensor> sorted;
        for (int64_t begin = 0; begin < pass.rows; begin += together) {
            const int64_t n = std::min(together, pass.rows - begin);
            sorted.push_back(
                order.narrow(0, begin, n).index_select(0, length.narrow(0, begin, n).argsort(/*stable=*/true)));
        }
        order = at::cat(sorted);
        // The short batch stays the last one.
        const int64_t full = pass.rows / pass.batch_size, rest = full * pass.batch_size;
        const at::Tensor batches = order.narrow(0, 0, rest).view({full, pass.batch_size});
        const at::Tensor shuffled = batches.index_select(0, permutation(full, derived_seed(pass.seed, 1)));
        return at::cat({shuffled.flatten(), order.slice(0, rest)});
    };
}

}  // namespace embark
