#include "collab_nn.h"

#include <torch/torch.h>

#include "../core/error.h"

namespace embark {

EmbeddingNNImpl::EmbeddingNNImpl(TabularModelOptions options_) : options(std::move(options_)) {
    const auto& outputs = options.outputs;
    require<UsageError>(options.n_cont == 0, "An EmbeddingNN takes no numbers, but n_cont is ", options.n_cont);
    require<UsageError>(options.members == 1, "An EmbeddingNN has one member, not ", options.members);
    require<UsageError>(outputs.size() == 1 && outputs.front().size == 1 && !outputs.front().classes,
                        "An EmbeddingNN has one output of one number; a TabularModel may have others");
    reset();
}

void EmbeddingNNImpl::reset() {
    body_ = TabularModel(options);
    for (const auto& child : body_->named_children()) register_module(child.key(), child.value());
}

void EmbeddingNNImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::EmbeddingNN of ";
    body_->pretty_print(stream);
}

at::Tensor EmbeddingNNImpl::forward(const at::Tensor& x) {
    return body_->forward(x, at::Tensor()).front();
}

CollabNNImpl::CollabNNImpl(const CollabNNOptions& options_) : options(options_) {
    require<UsageError>(options.n_users >= 1 && options.n_items >= 1, "Invalid numbers of users (", options.n_users,
                        ") and items (", options.n_items, "): at least 1 of each is needed");
    require<UsageError>(options.user_width >= 0 && options.item_width >= 0, "Invalid widths of users (",
                        options.user_width, ") and items (", options.item_width,
                        "): they must be positive, or 0 for the rule's");
    require<UsageError>(options.n_act >= 1, "Invalid n_act ", options.n_act, ": at least 1 is needed");
    check_y_range(options.y_range);
    if (options.user_width == 0) options.user_width = embedding_width(options.n_users);
    if (options.item_width == 0) options.item_width = embedding_width(options.n_items);
    reset();
}

void CollabNNImpl::reset() {
    user_factors = register_module("user_factors", torch::nn::Embedding(options.n_users, options.user_width));
    item_factors = register_module("item_factors", torch::nn::Embedding(options.n_items, options.item_width));
    trunc_normal_(user_factors->weight);
    trunc_normal_(item_factors->weight);
    layers = register_module(
        "layers", torch::nn::Sequential(torch::nn::Linear(options.user_width + options.item_width, options.n_act),
                                        torch::nn::ReLU(), torch::nn::Linear(options.n_act, 1)));
}

void CollabNNImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::CollabNN(n_users=" << options.n_users << ", n_items=" << options.n_items
           << ", user_width=" << options.user_width << ", item_width=" << options.item_width
           << ", n_act=" << options.n_act;
    if (!options.y_range.empty()) stream << ", y_range=(" << options.y_range.low << ", " << options.y_range.high << ")";
    stream << ")";
}

at::Tensor CollabNNImpl::forward(const at::Tensor& x) {
    const auto factors = torch::cat({user_factors(x.select(1, 0)), item_factors(x.select(1, 1))}, 1);
    const auto score = layers->forward(factors);
    return options.y_range.empty() ? score : sigmoid_range(score, options.y_range);
}

}  // namespace embark
