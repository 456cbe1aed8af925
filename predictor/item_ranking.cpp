#include "item_ranking.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include "../core/error.h"
#include "detail/collab_file.h"

namespace embark {

namespace {

/// So many items are scored at once, as TorchScript's recommend does.
constexpr int64_t kItemsAtOnce = 8192;

/// A parameter of a submodule, plain and contiguous.
at::Tensor weight_of(const torch::jit::Module& module, const char* name) {
    return module.attr(name).toModule().attr("weight").toTensor().detach().to(at::kCPU, at::kFloat).contiguous();
}

/// What a file of interactions scores by: vectors of users and items, or else weights between items.
struct Factors {
    at::Tensor users, items, bias, item_weights;

    explicit Factors(const ExportedFile& file) {
        const torch::jit::Module& module = file.module();
        if (!ranks_items(file)) return;
        if (module.hasattr("item_weights")) {
            item_weights = module.attr("item_weights").toTensor().to(at::kCPU, at::kFloat).contiguous();
            return;
        }
        users = weight_of(module, "user_factors");
        items = weight_of(module, "item_factors");
        bias = weight_of(module, "item_bias").reshape(-1);
    }
};

}  // namespace

bool ranks_items(const ExportedFile& file) {
    return file.module().hasattr(kNewUserAttribute);
}

struct ItemRanking::Impl {
    explicit Impl(const Predictor& from)
        : predictor(from),
          users(collab_vocabulary(from.file(), "user")),
          items(collab_vocabulary(from.file(), "item")),
          factors(from.file()) {
        if (!from.file().module().hasattr("_embark_rated")) return;
        const c10::IValue rated = from.file().attribute("_embark_rated");
        const bool are_two = rated.isTuple() && rated.toTupleRef().size() == 2 && rated.toTupleRef().elements()[0].isTensor() &&
                             rated.toTupleRef().elements()[1].isTensor();
        require(are_two, from.file().name(), " has something else where what users had should be");
        offsets = rated.toTupleRef().elements()[0].toTensor().to(at::kCPU, at::kLong).contiguous();
        entries = rated.toTupleRef().elements()[1].toTensor().to(at::kCPU, at::kLong).contiguous();
    }

    /// Whoever made the file may have made it wrong: what is looked up by number must be there. Throws Error.
    void check() const {
        const auto require_fits = [&](bool fits) {
            require(fits, predictor.file().name(), " has users, items and what they had that do not fit one another");
        };
        require_fits(items.size() >= 2);
        if (offsets.defined()) {
            require_fits(offsets.dim() == 1 && entries.dim() == 1 && offsets.numel() == users.size() + 1);
            require_fits(offsets[0].item<int64_t>() == 0 && offsets[-1].item<int64_t>() == entries.numel() &&
                         offsets.diff().ge(0).all().item<bool>());
            require_fits(entries.numel() == 0 ||
                         (entries.min().item<int64_t>() > 0 && entries.max().item<int64_t>() < items.size()));
        }
        if (factors.item_weights.defined()) {
            require_fits(factors.item_weights.sizes() == at::IntArrayRef({items.size(), items.size()}));
        } else if (factors.users.defined()) {
            require_fits(factors.users.dim() == 2 && factors.items.dim() == 2 && factors.bias.dim() == 1 &&
                         factors.users.size(0) == users.size() && factors.items.size(0) == items.size() &&
                         factors.bias.size(0) == items.size() && factors.users.size(1) == factors.items.size(1));
        }
    }

    /// (items) float32 of one user.
    at::Tensor scores(int64_t user) const {
        if (factors.item_weights.defined()) {
            const int64_t* ends = offsets.const_data_ptr<int64_t>();
            return factors.item_weights.index_select(0, entries.slice(0, ends[user], ends[user + 1])).sum(0);
        }
        Tensors parts;
        for (const at::Tensor& part : at::arange(items.size()).split(kItemsAtOnce)) {
            const at::Tensor x = at::stack({at::full_like(part, user), part}, 1);
            const Tensors outputs = predictor.forward({x});
            require(outputs.size() == 1 && outputs[0].numel() == part.numel(), predictor.file().name(),
                    " does not give one number for each user and item");
            parts.push_back(outputs[0].reshape(-1).to(at::kFloat));
        }
        return at::cat(parts);
    }

    Predictor predictor;
    Vocabulary users, items;
    Factors factors;
    at::Tensor offsets, entries;
};

ItemRanking::ItemRanking(const Predictor& predictor) {
    require(predictor.info().kind == "collab", predictor.file().name(), " ranks no items: it is a file of the kind ",
            predictor.info().kind, ", and rankings are for models of ratings or interactions");
    impl_ = std::make_shared<const Impl>(predictor);
    impl_->check();
    require(!impl_->factors.item_weights.defined() || impl_->offsets.defined(), predictor.file().name(),
            " was exported without what each user had, which its model scores items by");
}

const Vocabulary& ItemRanking::users() const {
    return impl_->users;
}
const Vocabulary& ItemRanking::items() const {
    return impl_->items;
}
const at::Tensor& ItemRanking::rated_offsets() const {
    return impl_->offsets;
}
const at::Tensor& ItemRanking::rated_items() const {
    return impl_->entries;
}

at::Tensor ItemRanking::encode_users(const std::vector<std::string>& users) const {
    const at::Tensor numbers = at::empty({std::ssize(users)}, at::kLong);
    std::ranges::transform(users, numbers.mutable_data_ptr<int64_t>(),
                           [&](const std::string& user) { return impl_->users.index(user); });
    return numbers;
}

TopItems ItemRanking::top(const at::Tensor& users, int64_t k, bool include_rated, const at::Tensor& allowed) const {
    require<UsageError>(k >= 1, "Invalid number of results ", k, ": at least 1 is needed");
    const at::NoGradGuard no_grad;
    RankedAmong among = {.allowed = allowed};
    if (!include_rated && impl_->offsets.defined()) among.leave_out(impl_->offsets, impl_->entries, users);
    const int64_t most = std::max<int64_t>(1, std::min(k, impl_->items.size() - 1));
    const Factors& factors = impl_->factors;
    if (factors.users.defined()) {
        return top_products(factors.users.index_select(0, users), factors.items, factors.bias, most, among);
    }
    const auto scores = [&](int64_t row, int64_t) {
        return impl_->scores(users.const_data_ptr<int64_t>()[row]).unsqueeze(0);
    };
    return top_items(users.numel(), /*at_once=*/1, scores, most, among);
}

}  // namespace embark
