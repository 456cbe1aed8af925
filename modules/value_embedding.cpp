#include "value_embedding.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <torch/torch.h>

#include "../core/error.h"
#include "layers.h"

namespace embark {

namespace {

void check_value_embedding(const ValueEmbeddingOptions& options) {
    require<UsageError>(options.width >= 1, "Invalid width of the values' embeddings ", options.width,
                        ": at least 1 is needed");
    const auto out_of_order = [](double a, double b) { return !(static_cast<float>(a) < static_cast<float>(b)); };
    bool any = false;
    for (size_t i = 0; i < options.values.size(); ++i) {
        const auto& values = options.values[i];
        const bool ascending = std::adjacent_find(values.begin(), values.end(), out_of_order) == values.end();
        const bool finite =
            std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
        require<UsageError>(ascending && finite, "Invalid values of number ", i,
                            ": they must be finite, each above the one before as a float");
        any = any || !values.empty();
    }
    require<UsageError>(any, "A ValueEmbedder needs the values of at least one number");
}

}  // namespace

std::vector<std::vector<double>> few_values(const at::Tensor& x, int64_t at_most) {
    require(x.dim() == 2 && x.size(0) > 0, "Values are looked for in numbers of shape (n, n_cont), not ", x.sizes());
    std::vector<std::vector<double>> values(static_cast<size_t>(x.size(1)));
    for (size_t i = 0; i < values.size(); ++i) {
        const auto column = x.select(1, static_cast<int64_t>(i)).to(at::kFloat);
        const auto distinct = std::get<0>(at::_unique(column, /*sorted=*/true)).to(at::kDouble);
        if (distinct.numel() < 2 || distinct.numel() > at_most) continue;
        values[i].assign(distinct.const_data_ptr<double>(), distinct.const_data_ptr<double>() + distinct.numel());
    }
    return values;
}

ValueEmbedderImpl::ValueEmbedderImpl(ValueEmbeddingOptions options_) : options(std::move(options_)) {
    check_value_embedding(options);
    reset();
}

void ValueEmbedderImpl::reset() {
    std::vector<int64_t> column, first_row;
    size_t most = 0;
    int64_t rows = 0;
    for (size_t i = 0; i < options.values.size(); ++i) {
        if (options.values[i].empty()) continue;
        column.push_back(static_cast<int64_t>(i));
        first_row.push_back(rows);
        rows += static_cast<int64_t>(options.values[i].size());
        most = std::max(most, options.values[i].size());
    }
    const auto n = static_cast<int64_t>(column.size());
    at::Tensor middles = torch::full({n, static_cast<int64_t>(most) - 1}, std::numeric_limits<float>::infinity());
    for (int64_t i = 0; i < n; ++i) {
        const at::Tensor values =
            torch::tensor(options.values[static_cast<size_t>(column[static_cast<size_t>(i)])], torch::kDouble);
        const int64_t gaps = values.numel() - 1;
        middles[i].narrow(0, 0, gaps).copy_((values.narrow(0, 0, gaps) + values.narrow(0, 1, gaps)) / 2);
    }
    columns = register_buffer("columns", torch::tensor(column, at::kLong));
    between = register_buffer("between", middles);
    first = register_buffer("first", torch::tensor(first_row, at::kLong));
    embeddings = register_module("embeddings", torch::nn::Embedding(rows, options.width));
    trunc_normal_(embeddings->weight);
}

void ValueEmbedderImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::ValueEmbedder(numbers=" << columns.numel() << ", values=" << embeddings->weight.size(0)
           << ", width=" << options.width << ")";
}

int64_t ValueEmbedderImpl::n_out() const {
    return columns.numel() * options.width;
}

at::Tensor ValueEmbedderImpl::forward(const at::Tensor& x) {
    // In C++ a module that is moved to another type takes its integers along.
    const at::Tensor numbers = x.index_select(1, columns.to(at::kLong)).t().contiguous();
    const at::Tensor nearest = torch::searchsorted(between, numbers);
    return embeddings(nearest.t() + first.to(at::kLong)).flatten(1);
}

}  // namespace embark
