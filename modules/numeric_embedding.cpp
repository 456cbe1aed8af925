#include "numeric_embedding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void check_bins(const std::vector<std::vector<double>>& bins, int64_t n_cont) {
    require<UsageError>(static_cast<int64_t>(bins.size()) == n_cont,
                        "Piecewise-linear embeddings need the bins of each number, ", n_cont, " lists of edges, not ",
                        bins.size());
    for (size_t i = 0; i < bins.size(); ++i) {
        const auto& edges = bins[i];
        // As floats, which is what is computed with: a bin must not become empty.
        const auto out_of_order = [](double a, double b) { return !(static_cast<float>(a) < static_cast<float>(b)); };
        const bool ascending = std::adjacent_find(edges.begin(), edges.end(), out_of_order) == edges.end();
        const bool finite = std::all_of(edges.begin(), edges.end(), [](double edge) { return std::isfinite(edge); });
        require<UsageError>(edges.size() >= 2 && ascending && finite, "Invalid bins of number ", i,
                            ": they need at least two edges, finite, each above the one before as a float");
    }
}

void check_numeric_embedding(const NumericEmbeddingOptions& options, int64_t n_cont) {
    require<UsageError>(options.kind != NumberEmbeddingKind::none,
                        "A NumericEmbedding needs a kind of embedding, periodic or piecewise_linear");
    require<UsageError>(n_cont >= 1, "Invalid number of numbers to embed ", n_cont, ": at least 1 is needed");
    require<UsageError>(options.width >= 1, "Invalid width of the numbers' embeddings ", options.width,
                        ": at least 1 is needed");
    if (options.kind == NumberEmbeddingKind::piecewise_linear) return check_bins(options.bins, n_cont);
    require<UsageError>(options.n_frequencies >= 1, "Invalid n_frequencies ", options.n_frequencies,
                        ": at least 1 is needed");
    const auto [low, high] = options.frequency_scales;
    require<UsageError>(low > 0 && low <= high && std::isfinite(high), "Invalid frequency_scales from ", low, " to ",
                        high, ": they must be positive, the second not below the first");
}

/// Normal numbers of deviation 1, none beyond three deviations.
at::Tensor cut_normal(at::IntArrayRef sizes) {
    const double within = std::erf(3 / std::numbers::sqrt2);
    return torch::empty(sizes).uniform_(-within, within).erfinv_().mul_(std::numbers::sqrt2);
}

}  // namespace

NumericEmbeddingImpl::NumericEmbeddingImpl(int64_t n_cont_, NumericEmbeddingOptions options_)
    : n_cont(n_cont_), options(std::move(options_)) {
    check_numeric_embedding(options, n_cont);
    reset();
}

void NumericEmbeddingImpl::reset() {
    int64_t encoded = 0;
    if (options.kind == NumberEmbeddingKind::periodic) {
        const auto [low, high] = options.frequency_scales;
        const at::Tensor scales = torch::logspace(std::log2(low), std::log2(high), options.n_frequencies, 2);
        frequencies = register_parameter("frequencies", cut_normal({n_cont, options.n_frequencies}) * scales);
        encoded = 2 * options.n_frequencies;
    } else {
        reset_bins();
        encoded = bin_low.size(1);
    }
    if (options.kind == NumberEmbeddingKind::periodic && options.shared) {
        shared_linear = register_module("linear", torch::nn::Linear(encoded, options.width));
    } else {
        linear = register_module("linear", NLinear(NLinearOptions{n_cont, encoded, options.width}));
    }
}

void NumericEmbeddingImpl::reset_bins() {
    size_t most = 0;
    for (const auto& edges : options.bins) most = std::max(most, edges.size() - 1);
    const std::array<int64_t, 2> sizes = {n_cont, static_cast<int64_t>(most)};
    at::Tensor low = torch::zeros(sizes), width = torch::ones(sizes), min = torch::zeros(sizes),
               max = torch::zeros(sizes);  // what no bin fills gives 0
    for (int64_t i = 0; i < n_cont; ++i) {
        const auto& edges = options.bins[static_cast<size_t>(i)];
        const auto bins = static_cast<int64_t>(edges.size()) - 1;
        const auto all = torch::tensor(edges, at::kFloat);
        low[i].narrow(0, 0, bins).copy_(all.narrow(0, 0, bins));
        width[i].narrow(0, 0, bins).copy_(all.diff());
        max[i].narrow(0, 0, bins).fill_(1);
        min[i][0] = -kInfinity;
        max[i][bins - 1] = kInfinity;
    }
    bin_low = register_buffer("bin_low", low);
    bin_width = register_buffer("bin_width", width);
    bin_min = register_buffer("bin_min", min);
    bin_max = register_buffer("bin_max", max);
}

void NumericEmbeddingImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::NumericEmbedding(n_cont=" << n_cont << ", width=" << options.width;
    if (options.kind == NumberEmbeddingKind::periodic) {
        stream << ", n_frequencies=" << options.n_frequencies << ", frequency_scales=(" << options.frequency_scales.low
               << ", " << options.frequency_scales.high << "), shared=" << std::boolalpha << options.shared << ")";
    } else {
        stream << ", piecewise linear of up to " << bin_low.size(1) << " bins)";
    }
}

/// (n, n_cont) -> (n, n_cont, what the linear layer takes).
at::Tensor NumericEmbeddingImpl::encode(const at::Tensor& x) const {
    const auto column = x.unsqueeze(-1);
    if (options.kind == NumberEmbeddingKind::piecewise_linear) {
        return ((column - bin_low) / bin_width).clamp(bin_min, bin_max);
    }
    const auto angles = 2 * std::numbers::pi * frequencies * column;
    return torch::cat({angles.cos(), angles.sin()}, -1);
}

at::Tensor NumericEmbeddingImpl::forward(const at::Tensor& x) {
    const auto encoded = encode(x);
    return torch::relu(linear ? linear(encoded) : shared_linear(encoded)).flatten(1);
}

std::vector<std::vector<double>> quantile_bins(const at::Tensor& x, int64_t n_bins) {
    require<UsageError>(n_bins >= 1, "Invalid number of bins ", n_bins, ": at least 1 is needed");
    require(x.dim() == 2 && x.size(0) > 0, "Bins are fitted on numbers of shape (n, n_cont), not ", x.sizes());
    const at::Tensor sorted = std::get<0>(x.to(at::kDouble).sort(0));
    const at::Tensor positions = torch::linspace(0, static_cast<double>(x.size(0) - 1), n_bins + 1, at::kDouble);
    const at::Tensor below = positions.floor().to(at::kLong), above = positions.ceil().to(at::kLong);
    const at::Tensor low = sorted.index_select(0, below), high = sorted.index_select(0, above);
    // As floats, which is what a NumericEmbedding computes with: edges that are one there are one here.
    const at::Tensor quantiles =
        (low + (high - low) * (positions - below).unsqueeze(1)).to(at::kFloat).to(at::kDouble).t().contiguous();
    std::vector<std::vector<double>> bins;
    for (int64_t column = 0; column < x.size(1); ++column) {
        const double* first = quantiles[column].const_data_ptr<double>();
        std::vector<double>& edges = bins.emplace_back(first, first + n_bins + 1);
        edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
        if (edges.size() == 1) edges.push_back(edges.front() + std::max(1.0, std::abs(edges.front())));
    }
    return bins;
}

}  // namespace embark
