#include "implicit_als.h"

#include <cmath>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include "../core/detail/parallel.h"
#include "../core/error.h"
#include "detail/least_squares.h"

namespace embark {

namespace {

/// The users of each item.
Bags transposed(const Bags& lists, int64_t n_items) {
    const auto [sorted, order] = lists.indices.sort(/*stable=*/true, 0, /*descending=*/false);
    const at::Tensor users = at::repeat_interleave(lists.offsets.diff());
    const at::Tensor counts = at::bincount(sorted, {}, n_items);
    return {at::cat({at::zeros({1}, at::kLong), counts.cumsum(0)}), users.index_select(0, order),
            lists.weights.index_select(0, order)};
}

/// Moves `rows` nearer to what fits `others` best.
void half_step(const Bags& lists, const at::Tensor& others, const ImplicitAlsOptions& options, at::Tensor& rows) {
    at::Tensor gram = others.t().mm(others);
    gram.diagonal().add_(options.l2);
    const least_squares::Problem problem = {.gram = gram.const_data_ptr<float>(),
                                            .others = others.const_data_ptr<float>(),
                                            .offsets = lists.offsets.const_data_ptr<int64_t>(),
                                            .indices = lists.indices.const_data_ptr<int64_t>(),
                                            .weights = lists.weights.const_data_ptr<float>(),
                                            .width = options.n_factors,
                                            .alpha = static_cast<float>(options.alpha)};
    float* to = rows.mutable_data_ptr<float>();
    constexpr int64_t kRowsPerThread = 64;
    parallel_for(rows.size(0), kRowsPerThread,
                 [&](int64_t begin, int64_t end) { least_squares::approach(problem, begin, end, to); });
}

}  // namespace

ImplicitFactors implicit_als(const Bags& lists, int64_t n_items, const ImplicitAlsOptions& options) {
    require<UsageError>(options.n_factors >= 1, "Invalid n_factors ", options.n_factors, ": at least 1 is needed");
    require<UsageError>(options.iterations >= 1, "Invalid iterations ", options.iterations, ": at least 1 is needed");
    require<UsageError>(options.alpha > 0 && std::isfinite(options.alpha), "Invalid alpha ", options.alpha,
                        ": it must be above 0");
    require<UsageError>(options.l2 > 0 && std::isfinite(options.l2), "Invalid l2 ", options.l2, ": it must be above 0");
    const at::NoGradGuard no_grad;
    at::Generator generator = at::detail::createCPUGenerator(options.seed);
    const auto drawn = [&](int64_t rows) {
        at::Tensor factors = at::empty({rows, options.n_factors}, at::kFloat).normal_(0, 0.01, generator);
        factors.select(0, 0).zero_();
        return factors;
    };
    const Bags of_items = transposed(lists, n_items);
    ImplicitFactors factors = {drawn(lists.offsets.numel() - 1), drawn(n_items)};
    for (int64_t i = 0; i < options.iterations; ++i) {
        half_step(lists, factors.items, options, factors.users);
        half_step(of_items, factors.users, options, factors.items);
    }
    require(factors.users.isfinite().all().item<bool>() && factors.items.isfinite().all().item<bool>(),
            "Implicit ALS has no finite factors with an alpha of ", options.alpha, ", an l2 of ", options.l2,
            " and these weights of events; smaller ones have");
    return factors;
}

}  // namespace embark
