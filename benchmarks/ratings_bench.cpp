#include "ratings_bench.h"

#include <optional>

#include <arrow/util/thread_pool.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/data/csv/csv.h>
#include <embark/learners/collab_learner.h>

#include "memory.h"

namespace embark::bench {

namespace {

constexpr int64_t kLargeBatch = 8192;
constexpr uint64_t kSeed = 42;

Table read_ratings(const Options& options) {
    require(arrow::SetCpuThreadPoolCapacity(options.threads).ok(), "Arrow takes no ", options.threads, " threads");
    return read_csv(options.data / "ratings.csv", {.use_columns = {"userId", "movieId", "rating"}});
}

}  // namespace

nlohmann::json ratings_encoding(const Options& options) {
    std::optional<Table> table;
    const double read = time_of([&] { table = read_ratings(options); }).wall;
    std::optional<CollabDataLoaders> dls;
    // pandas splits nothing either.
    const Splitter no_split = [](const Table& all) {
        return Split{.train = at::arange(all.rows()), .valid = at::empty({0}, at::kLong)};
    };
    const double encode =
        time_of([&] { dls = CollabDataLoaders::from_table(*table, {.splitter = no_split, .seed = kSeed}); }).wall;
    return {{"read_seconds", read},
            {"encode_seconds", encode},
            {"users", dls->users().size() - 1},
            {"items", dls->items().size() - 1},
            {"rows", table->rows()}};
}

nlohmann::json ratings_training(const Options& options) {
    const int64_t before = peak_bytes();
    const auto dls = CollabDataLoaders::from_table(read_ratings(options), {.batch_size = kLargeBatch, .seed = kSeed});
    set_seed(kSeed);
    auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}}, {.progress = false});
    const auto& records = learn.fit_one_cycle(1, 1e-2, {.weight_decay = 0.1});
    return {{"peak_bytes", peak_bytes() - before},
            {"tensor_bytes", bytes_of(dls.train().data()) + bytes_of(dls.valid().data())},
            {"valid_loss", records.epochs.back().valid_loss}};
}

nlohmann::json streamed_training(const Options& options) {
    const int64_t before = peak_bytes();
    const auto dls = CollabDataLoaders::from_parquet(options.data,
                                                     {.user_name = "userId",
                                                      .item_name = "movieId",
                                                      .rating_name = "rating",
                                                      .batch_size = kLargeBatch,
                                                      .seed = kSeed},
                                                     {.shuffle_buffer = 200'000});
    set_seed(kSeed);
    auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}},
                                {.progress = false, .embedding_update = EmbeddingUpdate::lazy});
    const auto& epoch = learn.fit_one_cycle(1, 1e-2, {.weight_decay = 0.1}).epochs.back();
    return {{"peak_bytes", peak_bytes() - before},
            {"rows", dls.train().rows() + dls.valid().rows()},
            {"train_seconds", epoch.train_seconds},
            {"valid_loss", epoch.valid_loss}};
}

}  // namespace embark::bench
