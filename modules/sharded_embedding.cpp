#include "sharded_embedding.h"

#include <torch/torch.h>

#include "../core/error.h"
#include "../core/tensors.h"
#include "layers.h"

namespace embark {

namespace {

/// Numbers that are drawn at once. LibTorch draws normal ones by 16, and the last of a tensor anew where they are no
/// whole 16: pieces of a multiple of 16, and a last one of at least 16, are drawn as the whole would be.
constexpr int64_t kPiece = 1 << 18;

/// A look-up as all processes know it.
struct Lookup : torch::CustomClassHolder {
    std::shared_ptr<Strategy> strategy;
    /// Where each id's row is among the distinct rows of this process's batch, and how many of those each rank has.
    at::Tensor place;
    std::vector<int64_t> counts;
    /// Those of this process's rows that each rank asked for, one rank's after the other's, and how many.
    at::Tensor asked;
    std::vector<int64_t> asked_counts;
};

/// How many of `ids`, distinct and in order, each rank has.
std::vector<int64_t> counts_by_owner(const at::Tensor& ids, int64_t rows, const Share& share) {
    std::vector<int64_t> counts;
    const auto* const begin = ids.const_data_ptr<int64_t>();
    const auto* const end = begin + ids.numel();
    const auto* first = begin;
    for (const RowRange& of_rank : share.parts(rows)) {
        const auto* last = std::lower_bound(first, end, of_rank.end);
        counts.push_back(last - first);
        first = last;
    }
    return counts;
}

c10::intrusive_ptr<Lookup> look_up(const at::Tensor& ids, int64_t rows, std::shared_ptr<Strategy> strategy) {
    auto lookup = c10::make_intrusive<Lookup>();
    const auto [distinct, place, unused] = at::_unique2(ids.reshape(-1), /*sorted=*/true, /*return_inverse=*/true);
    if (distinct.numel() > 0) {
        const auto least = distinct[0].item<int64_t>(), most = distinct[-1].item<int64_t>();
        require(least >= 0 && most < rows, "There is no row ", least < 0 ? least : most,
                " in an embedding of rows 0 to ", rows - 1);
    }
    lookup->place = place;
    lookup->counts = counts_by_owner(distinct, rows, strategy->share());
    const Tensors asked = strategy->all_to_all(distinct.split_with_sizes(lookup->counts));
    for (const auto& of_rank : asked) lookup->asked_counts.push_back(of_rank.size(0));
    lookup->asked = at::cat(asked) - strategy->share().part(rows).begin;
    lookup->strategy = std::move(strategy);
    return lookup;
}

/// The rows of a look-up, from whoever has them; backward, their gradients to whoever has them.
class RowsOfAll : public torch::autograd::Function<RowsOfAll> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& weight,
                              const c10::intrusive_ptr<Lookup>& lookup) {
        context->saved_data["lookup"] = c10::IValue::make_capsule(lookup);
        context->saved_data["rows"] = weight.size(0);
        const auto asked = weight.index_select(0, lookup->asked).split_with_sizes(lookup->asked_counts);
        return at::cat(lookup->strategy->all_to_all(asked, lookup->counts)).index_select(0, lookup->place);
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto lookup = c10::static_intrusive_pointer_cast<Lookup>(context->saved_data["lookup"].toCapsule());
        const int64_t rows = context->saved_data["rows"].toInt(), width = gradients.front().size(1);
        int64_t distinct = 0;
        for (const int64_t count : lookup->counts) distinct += count;
        const auto sums = at::zeros({distinct, width}, gradients.front().options());
        sums.index_add_(0, lookup->place, gradients.front());
        const auto got = lookup->strategy->all_to_all(sums.split_with_sizes(lookup->counts), lookup->asked_counts);
        return {torch::sparse_coo_tensor(lookup->asked.unsqueeze(0), at::cat(got), {rows, width}), at::Tensor()};
    }
};

}  // namespace

ShardedEmbeddingImpl::ShardedEmbeddingImpl(int64_t num_embeddings, int64_t embedding_dim)
    : ShardedEmbeddingImpl(ShardedEmbeddingOptions{.num_embeddings = num_embeddings, .embedding_dim = embedding_dim}) {}

ShardedEmbeddingImpl::ShardedEmbeddingImpl(ShardedEmbeddingOptions options_) : options(std::move(options_)) {
    require<UsageError>(options.num_embeddings >= 1 && options.embedding_dim >= 1, "Invalid sizes (",
                        options.num_embeddings, ", ", options.embedding_dim,
                        ") of an embedding: at least 1 of each is needed");
    strategy_ = options.strategy ? options.strategy : Strategy::from_environment();
    const auto parts = strategy_->share().parts(options.num_embeddings);
    require<UsageError>(parts.back().size() > 0, "An embedding of ", options.num_embeddings,
                        " rows cannot be split over ", parts.size(), " processes: each needs a row");
    reset();
}

void ShardedEmbeddingImpl::reset() {
    weight = register_parameter("weight", at::empty({rows().size(), options.embedding_dim}));
    reset_parameters();
}

void ShardedEmbeddingImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::ShardedEmbedding(num_embeddings=" << options.num_embeddings
           << ", embedding_dim=" << options.embedding_dim << ", rows=[" << rows().begin << ", " << rows().end << "))";
}

void ShardedEmbeddingImpl::fill(const std::function<void(at::Tensor&)>& draw) {
    torch::NoGradGuard no_grad;
    if (strategy_->decides_alone()) return draw(weight);
    auto random = rng_state();
    strategy_->broadcast(random);
    set_rng_state(random);
    const int64_t width = options.embedding_dim, all = options.num_embeddings * width;
    const RowRange own{rows().begin * width, rows().end * width};
    const auto numbers = weight.view(-1), buffer = at::empty({std::min(all, 2 * kPiece)});
    for (int64_t at = 0, count = 0; at < all; at += count) {
        count = all - at < 2 * kPiece ? all - at : kPiece;
        auto piece = buffer.narrow(0, 0, count);
        draw(piece);
        const int64_t begin = std::max(at, own.begin), end = std::min(at + count, own.end);
        if (begin < end)
            numbers.narrow(0, begin - own.begin, end - begin).copy_(piece.narrow(0, begin - at, end - begin));
    }
}

void ShardedEmbeddingImpl::reset_parameters() {
    fill([](at::Tensor& values) { values.normal_(); });
}

void ShardedEmbeddingImpl::trunc_normal_(double std) {
    fill([std](at::Tensor& values) { embark::trunc_normal_(values, std); });
}

at::Tensor ShardedEmbeddingImpl::forward(const at::Tensor& ids) {
    // The whole table is here: in one process, and while the model is exported.
    if (weight.size(0) == options.num_embeddings) {
        return at::embedding(weight, ids, /*padding_idx=*/-1, /*scale_grad_by_freq=*/false, /*sparse=*/true);
    }
    require(weight.is_cpu() && ids.is_cpu(), "A table that is split over processes is looked up on the CPU, and ",
            weight.is_cpu() ? "the ids are" : "its rows are", " on ", weight.is_cpu() ? ids.device() : weight.device(),
            ": its processes exchange rows through Gloo, not NCCL");
    auto shape = ids.sizes().vec();
    shape.push_back(options.embedding_dim);
    return RowsOfAll::apply(weight, look_up(ids, options.num_embeddings, strategy_)).view(shape);
}

std::map<std::string, ShardedEmbeddingImpl*> sharded_embeddings(const torch::nn::Module& module) {
    std::map<std::string, ShardedEmbeddingImpl*> found;
    for (const auto& item : module.named_modules()) {
        auto* table = item.value()->as<ShardedEmbeddingImpl>();
        if (table != nullptr) found[item.key().empty() ? "weight" : item.key() + ".weight"] = table;
    }
    return found;
}

}  // namespace embark
