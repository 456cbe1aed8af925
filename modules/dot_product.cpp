#include "dot_product.h"

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

namespace {

torch::nn::Embedding embedding(int64_t rows, int64_t width) {
    torch::nn::Embedding layer(rows, width);
    trunc_normal_(layer->weight);
    return layer;
}

ShardedEmbedding sharded_embedding(int64_t rows, int64_t width) {
    ShardedEmbedding layer(rows, width);
    layer->trunc_normal_();
    return layer;
}

void check_sizes(const DotProductOptions& options) {
    require<UsageError>(options.n_factors >= 1, "Invalid n_factors ", options.n_factors, ": at least 1 is needed");
    require<UsageError>(options.n_users >= 1 && options.n_items >= 1, "Invalid numbers of users (", options.n_users,
                        ") and items (", options.n_items, "): at least 1 of each is needed");
    check_y_range(options.y_range);
}

void print(std::ostream& stream, const char* name, const DotProductOptions& options) {
    stream << "embark::" << name << "(n_users=" << options.n_users << ", n_items=" << options.n_items
           << ", n_factors=" << options.n_factors;
    if (!options.y_range.empty()) stream << ", y_range=(" << options.y_range.low << ", " << options.y_range.high << ")";
    stream << ")";
}

at::Tensor in_range(const at::Tensor& x, const Range& range) {
    return range.empty() ? x : sigmoid_range(x, range);
}

at::Tensor row_dot(const at::Tensor& users, const at::Tensor& items) {
    return (users * items).sum(/*dim=*/1, /*keepdim=*/true);
}

}  // namespace

DotProductImpl::DotProductImpl(const DotProductOptions& options_) : options(options_) {
    check_sizes(options);
    reset();
}

void DotProductImpl::reset() {
    user_factors = register_module("user_factors", embedding(options.n_users, options.n_factors));
    item_factors = register_module("item_factors", embedding(options.n_items, options.n_factors));
}

void DotProductImpl::pretty_print(std::ostream& stream) const {
    print(stream, "DotProduct", options);
}

at::Tensor DotProductImpl::forward(const at::Tensor& x) {
    const auto users = x.select(1, 0), items = x.select(1, 1);
    return in_range(row_dot(user_factors(users), item_factors(items)), options.y_range);
}

DotProductBiasImpl::DotProductBiasImpl(const DotProductOptions& options_) : options(options_) {
    check_sizes(options);
    reset();
}

void DotProductBiasImpl::reset() {
    user_factors = register_module("user_factors", embedding(options.n_users, options.n_factors));
    user_bias = register_module("user_bias", embedding(options.n_users, 1));
    item_factors = register_module("item_factors", embedding(options.n_items, options.n_factors));
    item_bias = register_module("item_bias", embedding(options.n_items, 1));
}

void DotProductBiasImpl::pretty_print(std::ostream& stream) const {
    print(stream, "DotProductBias", options);
}

at::Tensor DotProductBiasImpl::forward(const at::Tensor& x) {
    const auto users = x.select(1, 0), items = x.select(1, 1);
    const auto score = row_dot(user_factors(users), item_factors(items)) + user_bias(users) + item_bias(items);
    return in_range(score, options.y_range);
}

ShardedDotProductImpl::ShardedDotProductImpl(const DotProductOptions& options_, bool bias_)
    : options(options_), bias(bias_) {
    check_sizes(options);
    reset();
}

void ShardedDotProductImpl::reset() {
    // In DotProductBias's order, so that the same random numbers become the same values.
    user_factors = register_module("user_factors", sharded_embedding(options.n_users, options.n_factors));
    if (bias) user_bias = register_module("user_bias", sharded_embedding(options.n_users, 1));
    item_factors = register_module("item_factors", sharded_embedding(options.n_items, options.n_factors));
    if (bias) item_bias = register_module("item_bias", sharded_embedding(options.n_items, 1));
}

void ShardedDotProductImpl::pretty_print(std::ostream& stream) const {
    print(stream, "ShardedDotProduct", options);
}

at::Tensor ShardedDotProductImpl::forward(const at::Tensor& x) {
    const auto users = x.select(1, 0), items = x.select(1, 1);
    auto score = row_dot(user_factors(users), item_factors(items));
    if (bias) score = score + user_bias(users) + item_bias(items);
    return in_range(score, options.y_range);
}

}  // namespace embark
