#include "interaction_loaders.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../loaders/random.h"

namespace embark {

namespace {

const std::map<std::string, NegativeSampling> kSamplings = {{"uniform", NegativeSampling::uniform},
                                                            {"popularity", NegativeSampling::popularity},
                                                            {"in-batch", NegativeSampling::in_batch}};

/// The lists of a batch's users as targets.
void add_lists(const Bags& lists, Batch& batch) {
    const at::Tensor users = batch.inputs.front().select(1, 0).cpu();
    const at::Tensor begins = lists.offsets.index_select(0, users);
    const at::Tensor lengths = lists.offsets.index_select(0, users + 1) - begins;
    const int64_t most = std::max<int64_t>(1, lengths.numel() == 0 ? 0 : lengths.max().item<int64_t>());
    const at::Tensor items = at::full({users.numel(), most}, -1, at::kLong);
    const at::Tensor weights = at::zeros({users.numel(), most}, at::kFloat);
    for (int64_t row = 0; row < users.numel(); ++row) {
        const int64_t begin = begins.const_data_ptr<int64_t>()[row], n = lengths.const_data_ptr<int64_t>()[row];
        std::copy_n(lists.indices.const_data_ptr<int64_t>() + begin, n, items.mutable_data_ptr<int64_t>() + row * most);
        std::copy_n(lists.weights.const_data_ptr<float>() + begin, n, weights.mutable_data_ptr<float>() + row * most);
    }
    // The model cannot score an item that training does not have.
    weights.masked_fill_(items.eq(0), 0);
    const at::Device device = batch.inputs.front().device();
    batch.targets = {items.to(device), weights.to(device)};
}

/// All users with a list, (n, 1).
TensorDataset users_with(const Bags& lists) {
    return {.inputs = {(lists.offsets.diff() > 0).nonzero()}, .targets = {}};
}

DataLoader user_loader(const Bags& lists, DataLoaderOptions options) {
    options.batch_transforms = {BatchTransform("items of users", [lists](Batch& batch) { add_lists(lists, batch); })};
    return DataLoader(users_with(lists), std::move(options));
}

/// Draws negatives for the pairs of a batch.
class NegativeSampler {
public:
    NegativeSampler(const Interactions& events, const NegativeOptions& options)
        : options_(options), histories_(events.train().bags), n_items_(events.items().size()) {
        shares_ = options.sampling == NegativeSampling::uniform
                      ? at::ones({n_items_}, at::kDouble).index_fill_(0, at::zeros({1}, at::kLong), 0)
                      : events.popularity().clone();
        shares_.div_(shares_.sum());
        cumulative_ = shares_.cumsum(0);
    }

    void operator()(Batch& batch, Random& random) const {
        const at::Tensor pairs = batch.inputs.front().cpu().contiguous();
        const int64_t rows = pairs.size(0), width = 2 + options_.n;
        const at::Tensor x = at::empty({rows, width}, at::kLong), log_counts = at::zeros({rows, width - 1}, at::kFloat);
        const int64_t* pair = pairs.const_data_ptr<int64_t>();
        int64_t* out = x.mutable_data_ptr<int64_t>();
        float* log_count = log_counts.mutable_data_ptr<float>();
        const double* share = shares_.const_data_ptr<double>();
        for (int64_t row = 0; row < rows; ++row, out += width, log_count += width - 1) {
            const int64_t user = out[0] = pair[2 * row], own = out[1] = pair[2 * row + 1];
            for (int64_t i = 0; i < options_.n; ++i) {
                const int64_t item = out[2 + i] = draw(user, own, pair, rows, random);
                const double count = static_cast<double>(options_.n) * share[item] / (1 - share[own]);
                log_count[1 + i] = static_cast<float>(std::log(count));
            }
        }
        const at::Device device = batch.inputs.front().device();
        batch.inputs = {x.to(device)};
        batch.targets = {log_counts.to(device)};
    }

private:
    /// Where so many draws were items that the user had, nearly all are.
    static constexpr int kTries = 50;

    int64_t draw(int64_t user, int64_t own, const int64_t* pairs, int64_t rows, Random& random) const {
        for (int i = 0; i < kTries; ++i) {
            const bool from_batch = options_.sampling == NegativeSampling::in_batch && i < kTries / 2;
            const int64_t item = from_batch ? pairs[2 * random.below(rows) + 1] : any(random);
            if (item != own && item != 0 && !(options_.unseen && had(user, item))) return item;
        }
        for (;;) {
            if (const int64_t item = any(random); item != own && item != 0) return item;
        }
    }

    int64_t any(Random& random) const {
        if (options_.sampling == NegativeSampling::uniform) return 1 + random.below(n_items_ - 1);
        const double* first = cumulative_.const_data_ptr<double>();
        const auto found = std::upper_bound(first, first + n_items_, random.uniform()) - first;
        return std::min<int64_t>(found, n_items_ - 1);
    }

    bool had(int64_t user, int64_t item) const {
        const int64_t* offsets = histories_.offsets.const_data_ptr<int64_t>();
        const int64_t* items = histories_.indices.const_data_ptr<int64_t>();
        return std::binary_search(items + offsets[user], items + offsets[user + 1], item);
    }

    NegativeOptions options_;
    Bags histories_;
    int64_t n_items_;
    /// Of each item how likely a draw has it, and the sums of these.
    at::Tensor shares_, cumulative_;
};

}  // namespace

NegativeSampling negative_sampling_of(const std::string& name) {
    const auto found = kSamplings.find(name);
    if (found != kSamplings.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [known, sampling] : kSamplings) names.push_back(known);
    fail<UsageError>("Unknown sampling '", name, "' of negatives", name_hint(name, names));
}

DataLoaders user_loaders(const Interactions& events, const InteractionBatches& batches) {
    const auto options = [&](bool training) {
        return DataLoaderOptions{.batch_size = batches.batch_size,
                                 .shuffle = training,
                                 .seed = batches.seed,
                                 .device = batches.device};
    };
    std::optional<DataLoader> valid;
    if (events.test().users > 0) valid = user_loader(events.test().bags, options(false));
    return {user_loader(events.train().bags, options(true)), std::move(valid), events.data()};
}

DataLoaders pair_loaders(const Interactions& events, const NegativeOptions& negatives,
                         const InteractionBatches& batches) {
    require<UsageError>(negatives.n >= 1, "Invalid number of negatives ", negatives.n, ": at least 1 is needed");
    require(events.items().size() > 2, "Negatives are drawn from the other items, and '", events.items().names().back(),
            "' is the only one");
    TensorDataset pairs;
    events.data()->each_train_pairs([&](const at::Tensor& all) { pairs.inputs = {all}; });
    const at::Tensor& weights = events.train().bags.weights;
    if (!weights.eq(1).all().item<bool>()) pairs.weights = weights;
    const std::string name = concat(negatives.n, " negatives, ",
                                    std::ranges::find_if(kSamplings, [&](const auto& known) {
                                        return known.second == negatives.sampling;
                                    })->first, negatives.unseen ? ", unseen" : "");
    DataLoaderOptions options = {.batch_size = batches.batch_size,
                                 .shuffle = true,
                                 .seed = batches.seed,
                                 .device = batches.device,
                                 .batch_transforms = {BatchTransform(name, NegativeSampler(events, negatives))},
                                 .augment = true};
    return {DataLoader(std::move(pairs), std::move(options)), std::nullopt, events.data()};
}

}  // namespace embark
