#include "tabular_model.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "../core/error.h"
#include "detail/lin_bn_drop.h"
#include "detail/tabular_pass.h"

namespace embark {

namespace {

int64_t total_size(const std::vector<TabularOutput>& outputs) {
    int64_t total = 0;
    for (const auto& output : outputs) total += output.size;
    return total;
}

void check_probability(double p, const char* what) {
    require<UsageError>(p >= 0 && p <= 1, "Invalid ", what, " ", p, ": it must be from 0 to 1");
}

void check_inputs(const TabularModelOptions& options) {
    require<UsageError>(options.n_cont >= 0, "Invalid n_cont ", options.n_cont, ": it must be 0 or more");
    for (const auto& [rows, width] : options.embeddings) {
        require<UsageError>(rows >= 1 && width >= 1, "Invalid size of an embedding (", rows, ", ", width,
                            "): at least 1 row and a width of 1 are needed");
    }
    require<UsageError>(options.n_cont > 0 || !options.embeddings.empty(),
                        "A TabularModel needs at least one category or number");
    check_probability(options.embed_p, "embed_p");
    const auto n_values = static_cast<int64_t>(options.values.values.size());
    require<UsageError>(n_values == 0 || n_values == options.n_cont,
                        "Embeddings of values need the values of each number, ", options.n_cont, " lists, not ",
                        n_values);
}

void check_layers(const TabularModelOptions& options) {
    for (const int64_t size : options.layers) {
        require<UsageError>(size >= 1, "Invalid size of a layer ", size, ": at least 1 is needed");
    }
    const size_t ps = options.ps.size(), layers = options.layers.size();
    require<UsageError>(ps <= 1 || ps == layers, "Invalid ps of ", ps, " numbers for ", layers,
                        " layers: none, one for all, or one for each layer is needed");
    for (const double p : options.ps) check_probability(p, "dropout in ps");
    require<UsageError>(options.members >= 1, "Invalid number of members ", options.members, ": at least 1 is needed");
}

void check_outputs(const TabularModelOptions& options) {
    const auto& outputs = options.outputs;
    require<UsageError>(!outputs.empty(), "A TabularModel needs at least one output");
    for (const auto& output : outputs) {
        require<UsageError>(output.size >= 1, "Invalid size of an output ", output.size, ": at least 1 is needed");
    }
    check_y_range(options.y_range);
    const bool all_classes = std::all_of(outputs.begin(), outputs.end(), [](const auto& o) { return o.classes; });
    require<UsageError>(options.y_range.empty() || !all_classes,
                        "A y_range bounds numbers, but all outputs are logits of classes; leave it out");
}

void check_width(const at::Tensor& x, int64_t width, const char* name, const char* what) {
    if (width == 0 && !x.defined()) return;
    require(x.defined() && x.dim() == 2 && x.sizes()[1] == width, "The model takes ", name, " of shape (n, ", width,
            "), a column for each of its ", what, ", not ", x.defined() ? concat(x.sizes()) : "none");
}

void print_sizes(std::ostream& stream, const std::vector<int64_t>& sizes) {
    for (size_t i = 0; i < sizes.size(); ++i) stream << (i == 0 ? "" : ", ") << sizes[i];
}

}  // namespace

int64_t embedding_width(int64_t rows) {
    require<UsageError>(rows >= 1, "Invalid number of rows of an embedding ", rows, ": at least 1 is needed");
    const double width = std::nearbyint(1.6 * std::pow(static_cast<double>(rows), 0.56));
    return static_cast<int64_t>(std::min(600.0, width));
}

TabularModelImpl::TabularModelImpl(TabularModelOptions options_) : options(std::move(options_)) {
    check_inputs(options);
    check_layers(options);
    check_outputs(options);
    reset();
}

int64_t TabularModelImpl::n_features() const {
    const bool embedded = options.numbers.kind != NumberEmbeddingKind::none;
    int64_t total = options.n_cont * (embedded ? options.numbers.width : 1);
    for (const auto& size : options.embeddings) total += size.width;
    return total + (values ? values->n_out() : 0);
}

void TabularModelImpl::reset() {
    embeds = register_module("embeds", torch::nn::ModuleList());
    for (const auto& [rows, width] : options.embeddings) {
        const torch::nn::Embedding embedding(rows, width);
        trunc_normal_(embedding->weight);
        embeds->push_back(embedding);
    }
    emb_drop = register_module("emb_drop", torch::nn::Dropout(options.embed_p));
    if (options.n_cont > 0 && options.numbers.kind != NumberEmbeddingKind::none) {
        numbers = register_module("numbers", NumericEmbedding(options.n_cont, options.numbers));
    } else if (options.n_cont > 0 && options.bn_cont) {
        bn_cont = register_module("bn_cont", SyncBatchNorm1d(options.n_cont));
    }
    if (!options.values.values.empty()) values = register_module("values", ValueEmbedder(options.values));
    if (options.members > 1) {
        const auto coins = torch::randint(2, {options.members, n_features()}, at::kFloat);
        adapter = register_parameter("adapter", 2 * coins - 1);
    }
    layers = register_module("layers", torch::nn::ModuleList());
    append_layers();
}

void TabularModelImpl::append_layers() {
    int64_t width = n_features();
    for (size_t i = 0; i < options.layers.size(); ++i) {
        const double p = options.ps.empty() ? 0 : options.ps[options.ps.size() == 1 ? 0 : i];
        layers->push_back(LinBnDrop(LinBnDropOptions{.n_in = width,
                                                     .n_out = options.layers[i],
                                                     .bn = options.use_bn,
                                                     .p = p,
                                                     .act = true,
                                                     .lin_first = options.lin_first}));
        width = options.layers[i];
    }
    layers->push_back(LinBnDrop(LinBnDropOptions{.n_in = width,
                                                 .n_out = total_size(options.outputs),
                                                 .bn = options.use_bn && options.bn_final,
                                                 .lin_first = options.lin_first,
                                                 .members = options.members}));
}

void TabularModelImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::TabularModel(categories=" << options.embeddings.size() << ", n_cont=" << options.n_cont
           << ", layers={";
    print_sizes(stream, options.layers);
    stream << "}, outputs={";
    std::vector<int64_t> sizes;
    for (const auto& output : options.outputs) sizes.push_back(output.size);
    print_sizes(stream, sizes);
    stream << "}";
    if (options.members > 1) stream << ", members=" << options.members;
    if (!options.y_range.empty()) {
        stream << ", y_range=(" << options.y_range.low << ", " << options.y_range.high << ")";
    }
    stream << ")";
}

at::Tensor TabularModelImpl::features(const at::Tensor& x_cat, const at::Tensor& given) {
    // In float64 where the parameters are, which an exported file's may be.
    const at::Tensor x_cont = given.defined() ? given.to(layers[0]->as<LinBnDrop>()->scalar_type()) : given;
    Tensors parts;
    for (size_t i = 0; i < embeds->size(); ++i) {
        parts.push_back(embeds[i]->as<torch::nn::Embedding>()->forward(x_cat.select(1, static_cast<int64_t>(i))));
    }
    if (!parts.empty()) parts = {emb_drop(torch::cat(parts, 1))};
    if (numbers) {
        parts.push_back(numbers(x_cont));
    } else if (options.n_cont > 0) {
        parts.push_back(bn_cont ? bn_cont(x_cont) : x_cont);
    }
    if (values) parts.push_back(values(x_cont));
    return parts.size() == 1 ? parts.front() : torch::cat(parts, 1);
}

/// What the model gives of the numbers x of one output, (n, size) or (n, members, size).
at::Tensor TabularModelImpl::finish(at::Tensor x, const TabularOutput& output) const {
    if (!output.classes && !options.y_range.empty()) x = sigmoid_range(x, options.y_range);
    if (options.members == 1 || is_training()) return x;
    if (!output.classes) return x.mean(1);
    return torch::logsumexp(torch::log_softmax(x, -1), 1) - std::log(static_cast<double>(options.members));
}

/// All outputs side by side, (n, sizes) or (n, members, sizes).
at::Tensor TabularModelImpl::pass(const at::Tensor& x_cat, const at::Tensor& x_cont) {
    at::Tensor x = features(x_cat, x_cont);
    // Members are rows of their own, so that all layers work as they do without members.
    if (options.members > 1) x = (x.unsqueeze(1) * adapter).flatten(0, 1);
    for (const auto& layer : *layers) x = layer->as<LinBnDrop>()->forward(x);
    return options.members > 1 ? x.unflatten(0, at::IntArrayRef{-1, options.members}) : x;
}

Tensors TabularModelImpl::forward(const at::Tensor& x_cat, const at::Tensor& x_cont) {
    check_width(x_cat, static_cast<int64_t>(embeds->size()), "x_cat", "categories");
    check_width(x_cont, options.n_cont, "x_cont", "numbers");
    const auto in_one = one_node_pass(*this, x_cat, x_cont);
    const at::Tensor x = in_one ? *in_one : pass(x_cat, x_cont);
    if (options.outputs.size() == 1) return {finish(x, options.outputs.front())};
    std::vector<int64_t> sizes;
    for (const auto& output : options.outputs) sizes.push_back(output.size);
    Tensors results = x.split_with_sizes(sizes, -1);
    for (size_t i = 0; i < results.size(); ++i) results[i] = finish(results[i], options.outputs[i]);
    return results;
}

}  // namespace embark
