#include "ranking_bench.h"

#include <algorithm>

#include <torch/torch.h>

#include <embark/core/top_items.h>
#include <embark/data/csv/csv.h>
#include <embark/data/loaders/random.h>
#include <embark/learners/ranking_recipe.h>

#include "memory.h"

namespace embark::bench {

namespace {

/// As peers/rankings.py has them.
constexpr int64_t kUsers = 4096, kItems = 20'000, kOfUser = 20, kFactors = 64, kBatch = 512;
constexpr int64_t kManyUsers = 20'000, kManyItems = 100'000, kTop = 10;

Interactions made_events() {
    std::vector<std::string> users, items;
    Random random(1);
    for (int64_t user = 0; user < kUsers; ++user) {
        for (int64_t i = 0; i < kOfUser; ++i) {
            users.push_back(std::to_string(user));
            // Every item comes, so that the catalogue has all of them.
            const int64_t number = user * kOfUser + i;
            items.push_back(std::to_string(number < kItems ? number : random.below(kItems)));
        }
    }
    return Interactions::from_table(Table::from_text({{"user", users}, {"item", items}}), {.test_pct = 0});
}

}  // namespace

nlohmann::json softmax_epochs(const Options& options) {
    const Interactions events = made_events();
    RankingRecipe recipe = ranking_recipe(events, RankingKind::dot);
    recipe.model.n_factors = kFactors;
    recipe.model.batches.batch_size = kBatch;
    recipe.learner.progress = false;
    set_seed(options.seed);
    RankingLearner learn = ranking_learner(events, recipe.model, recipe.learner);
    const int64_t before = peak_bytes();
    std::vector<double> seconds;
    for (int i = 0; i < std::max(2, options.repeats / 5); ++i) seconds.push_back(time_of([&] { learn.fit(1, 0.01); }).wall);
    return {{"seconds", seconds},
            {"memory", peak_bytes() - before},
            {"items", events.items().size() - 1},
            {"loss", learn.records().epochs.back().train_loss}};
}

nlohmann::json ials_training(const Options& options) {
    const Table ratings =
        read_csv(options.data / "u.data", {.delimiter = '\t', .column_names = {"user", "movie", "rating", "timestamp"}});
    const Interactions events = Interactions::from_table(
        ratings, {.rating_name = "rating", .positives = at_least(4), .seed = options.seed});
    std::vector<double> seconds;
    for (int i = 0; i < options.repeats; ++i) {
        seconds.push_back(time_of([&] {
                              implicit_als(events.train().bags, events.items().size(), {.seed = static_cast<uint64_t>(i)});
                          }).wall);
    }
    const RankingFigures figures = ranking_learner(events, {.kind = RankingKind::ials}).measure("ndcg@10");
    std::vector<std::vector<int64_t>> parts[2];
    for (const auto* lists : {&events.train(), &events.test()}) {
        auto& rows = parts[lists == &events.test()];
        const int64_t *offsets = lists->bags.offsets.const_data_ptr<int64_t>(), *items = lists->bags.indices.const_data_ptr<int64_t>();
        for (int64_t user = 0; user < events.users().size(); ++user) rows.emplace_back(items + offsets[user], items + offsets[user + 1]);
    }
    return {{"seconds", seconds}, {"ndcg", figures.values.at("ndcg@10")}, {"train", parts[0]}, {"test", parts[1]},
            {"items", events.items().size()}};
}

nlohmann::json top_of_products(const Options& options) {
    torch::manual_seed(1);
    const at::Tensor users = torch::randn({kManyUsers, kFactors}), items = torch::randn({kManyItems, kFactors});
    std::vector<double> seconds, products;
    const int64_t before = peak_bytes();
    for (int i = 0; i < std::max(1, options.repeats / 10); ++i) {
        seconds.push_back(time_of([&] { top_products(users, items, {}, kTop, {}); }).wall);
    }
    const int64_t memory = peak_bytes() - before;
    for (int i = 0; i < std::max(1, options.repeats / 10); ++i) {
        products.push_back(time_of([&] {
                               for (const at::Tensor& some : users.split(1024)) some.mm(items.t());
                           }).wall);
    }
    return {{"seconds", seconds}, {"product_seconds", products}, {"memory", memory}};
}

}  // namespace embark::bench
