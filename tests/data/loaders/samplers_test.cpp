#include <embark/core/error.h>
#include <embark/data/loaders/dataloaders.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <embark/data/collab/collab.h>
#include <embark/data/loaders/streamed_rows.h>
#include <embark/data/parquet/parquet.h>
#include <embark/data/tabular/tabular.h>

#include "test_files.h"

namespace embark {
namespace samplers_test {

using embark::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<int64_t> listed(const at::Tensor& tensor) {
    const at::Tensor values = tensor.to(at::kLong).contiguous();
    return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

/// Rows that are their own numbers.
TensorDataset numbered(int64_t n) {
    return {.inputs = {at::arange(n)}, .targets = {}};
}

DataLoader loader_of(Sampler sampler, int64_t rows = 100, int64_t batch_size = 10) {
    return DataLoader(numbered(rows), {.batch_size = batch_size, .sampler = std::move(sampler)});
}

at::Tensor epoch_of(const DataLoader& loader, int64_t number = 0) {
    Tensors rows;
    for (const Batch& batch : loader.epoch(number)) rows.push_back(batch.inputs[0]);
    return at::cat(rows);
}

TEST(Sampler, sequential_and_random_have_every_row_once) {
    EXPECT_TRUE(at::equal(epoch_of(loader_of(sequential_sampler())), at::arange(100)));
    const DataLoader random = loader_of(random_sampler());
    EXPECT_TRUE(at::equal(epoch_of(random), epoch_of(DataLoader(numbered(100), {.batch_size = 10, .shuffle = true}))));
    EXPECT_FALSE(at::equal(epoch_of(random, 0), epoch_of(random, 1)));
    EXPECT_EQ(loader_of(random_sampler(25)).size(), 3);
    EXPECT_EQ(std::get<0>(at::_unique(epoch_of(loader_of(random_sampler(25))))).numel(), 25);
}

TEST(Sampler, an_epoch_follows_from_its_seed_alone) {
    const at::Tensor numbers = at::arange(100);
    for (const Sampler& sampler :
         {random_sampler(), replacement_sampler(), subset_sampler(at::arange(50)), weighted_sampler(numbers),
          class_balanced_sampler(numbers % 3), group_sampler(numbers % 7), by_length_sampler(numbers % 11, 2)}) {
        EXPECT_TRUE(at::equal(epoch_of(loader_of(sampler), 1), epoch_of(loader_of(sampler), 1)));
        EXPECT_FALSE(at::equal(epoch_of(loader_of(sampler), 0), epoch_of(loader_of(sampler), 1)));
    }
}

TEST(Sampler, with_replacement_draws_as_many_rows_as_it_is_told) {
    const DataLoader loader = loader_of(replacement_sampler(1000));
    EXPECT_EQ(loader.size(), 100);
    EXPECT_EQ(loader.rows(), 100);
    EXPECT_EQ(loader.epoch(0).rows(99), 10);
    EXPECT_EQ(std::get<0>(at::_unique(epoch_of(loader))).numel(), 100);
}

TEST(Sampler, a_subset_has_its_rows_alone) {
    EXPECT_THAT(listed(epoch_of(loader_of(subset_sampler(at::tensor({7, 3, 99}), /*shuffle=*/false)))),
                ElementsAre(7, 3, 99));
    EXPECT_THAT(listed(std::get<0>(epoch_of(loader_of(subset_sampler(at::tensor({7, 3, 99})))).sort())),
                ElementsAre(3, 7, 99));
}

TEST(Sampler, weighted_draws_rows_as_often_as_they_weigh) {
    const at::Tensor weights = at::tensor({0.0, 1.0, 3.0, 0.0});
    const at::Tensor counts = at::bincount(epoch_of(loader_of(weighted_sampler(weights, 20'000), 4)), {}, 4);
    EXPECT_EQ(counts[0].item<int64_t>(), 0);
    EXPECT_NEAR(counts[1].item<double>(), 5'000, 200);
    EXPECT_NEAR(counts[2].item<double>(), 15'000, 200);
    EXPECT_EQ(counts[3].item<int64_t>(), 0);
}

TEST(Sampler, class_balanced_draws_all_classes_alike) {
    const at::Tensor classes = at::cat({at::zeros({90}, at::kLong), at::ones({10}, at::kLong)});
    const at::Tensor rows = epoch_of(loader_of(class_balanced_sampler(classes, 10'000)));
    EXPECT_NEAR((rows >= 90).to(at::kDouble).mean().item<double>(), 0.5, 0.02);
    EXPECT_THAT(message_of<Error>([] { loader_of(class_balanced_sampler(at::arange(100) % 2 * 2)); }),
                HasSubstr("Class 1 of 3 has no row to draw"));
    EXPECT_THAT(message_of<Error>([] { class_balanced_sampler(at::arange(3) - 1); }), HasSubstr("and one is -1"));
}

TEST(Sampler, groups_stay_together_in_a_random_order) {
    const at::Tensor rows = epoch_of(loader_of(group_sampler(at::tensor({5, 5, 9, 5, 9, 2})), 6, 6));
    const at::Tensor groups = at::tensor({5, 5, 9, 5, 9, 2}).index_select(0, rows);
    EXPECT_EQ(std::get<0>(at::unique_consecutive(groups)).numel(), 3);
    EXPECT_THAT(listed(rows.masked_select(groups == 5)), ElementsAre(0, 1, 3));
    std::set<int64_t> first;
    for (int64_t epoch = 0; epoch < 20; ++epoch) {
        first.insert(
            epoch_of(loader_of(group_sampler(at::tensor({5, 5, 9, 5, 9, 2})), 6, 6), epoch)[0].item<int64_t>());
    }
    EXPECT_EQ(first.size(), 3);
}

TEST(Sampler, by_length_makes_batches_of_about_one_length_in_a_random_order) {
    const at::Tensor lengths = at::randint(1, 100, {1005}, at::kLong);
    const DataLoader loader = loader_of(by_length_sampler(lengths), 1005);
    double spread = 0;
    std::vector<int64_t> shortest;
    for (const Batch& batch : loader.epoch(0)) {
        const at::Tensor own = lengths.index_select(0, batch.inputs[0]);
        spread += (own.max() - own.min()).item<double>() / 101;
        shortest.push_back(own.min().item<int64_t>());
    }
    EXPECT_LT(spread, 5);
    EXPECT_FALSE(std::is_sorted(shortest.begin(), shortest.end()));
    EXPECT_TRUE(at::equal(std::get<0>(epoch_of(loader).sort()), at::arange(1005)));
    EXPECT_EQ(epoch_of(loader_of(by_length_sampler(at::ones({3})), 3, int64_t{1} << 60)).numel(), 3);
}

TEST(Sampler, is_told_of_all_rows_where_the_training_rows_are_split_off) {
    const at::Tensor classes = (at::arange(200) >= 180).to(at::kLong);
    const auto dls = DataLoaders::from_tensors(numbered(200), {.sampler = class_balanced_sampler(classes, 2'000)});
    EXPECT_NEAR((epoch_of(dls.train()) >= 180).to(at::kDouble).mean().item<double>(), 0.5, 0.05);
    EXPECT_TRUE(at::equal(epoch_of(dls.valid()), dls.valid().data().inputs[0]));
    EXPECT_TRUE(at::equal(epoch_of(dls.train().in_order()), dls.train().data().inputs[0]));
    const auto again = dls.resampled(5);
    EXPECT_NEAR((epoch_of(again.train()) >= 180).to(at::kDouble).mean().item<double>(), 0.5, 0.05);

    const auto subset =
        DataLoaders::from_tensors(numbered(200), {.batch_size = 1, .sampler = subset_sampler(at::arange(50))});
    EXPECT_LT(epoch_of(subset.train()).max().item<int64_t>(), 50);
    struct Numbers {
        int64_t size() const { return 200; }
        at::Tensor get(int64_t index) const { return at::tensor(index); }
    };
    const auto made =
        DataLoaders::from_dataset(Numbers(), {.sampler = class_balanced_sampler(classes, 2'000), .workers = 2});
    EXPECT_NEAR((epoch_of(made.train()) >= 180).to(at::kDouble).mean().item<double>(), 0.5, 0.05);
}

TEST(Sampler, of_ones_own_is_any_function_that_gives_rows) {
    const DataLoader loader = loader_of([](const SamplerPass& pass) { return at::arange(0, pass.rows, 2); });
    EXPECT_EQ(loader.size(), 5);
    EXPECT_THAT(listed(loader.epoch(0)[4].inputs[0]), ElementsAre(80, 82, 84, 86, 88, 90, 92, 94, 96, 98));
    EXPECT_TRUE(loader.facts().contains("sampler"));
    EXPECT_NE(loader.facts().at("sampler"), loader_of(random_sampler(50)).facts().at("sampler"));
}

TEST(DataLoader, passes_have_orders_of_their_own_in_every_batch) {
    const DataLoader loader(numbered(25), {.batch_size = 4, .shuffle = true, .passes = 3});
    EXPECT_EQ(loader.size(), 7);
    EXPECT_EQ(loader.epoch(0).rows(6), 3);
    const at::Tensor rows = epoch_of(loader).view({25, 3});
    for (int64_t pass = 0; pass < 3; ++pass) {
        EXPECT_TRUE(std::get<0>(rows.select(1, pass).sort()).equal(at::arange(25)));
        EXPECT_FALSE(rows.select(1, pass).equal(rows.select(1, (pass + 1) % 3)));
    }
    const DataLoader one(numbered(25), {.batch_size = 4, .shuffle = true});
    EXPECT_TRUE(epoch_of(one).equal(rows.select(1, 0))) << "the first pass is that of a loader with one";
    EXPECT_TRUE(epoch_of(one.with_passes(3)).equal(rows.flatten()));
    EXPECT_TRUE(epoch_of(loader.in_order()).equal(at::arange(25)));
    EXPECT_NE(loader.order_settings(), one.order_settings());

    const DataLoader of_halves(numbered(25), {.batch_size = 4, .sampler = subset_sampler(at::arange(10)), .passes = 2});
    const at::Tensor halves = epoch_of(of_halves).view({10, 2});
    EXPECT_TRUE(std::get<0>(halves.select(1, 1).sort()).equal(at::arange(10)));
    EXPECT_FALSE(halves.select(1, 0).equal(halves.select(1, 1)));
    EXPECT_THROW(one.with_passes(0), UsageError);
    EXPECT_THROW(one.with_passes(int64_t{1} << 60), UsageError);
}

TEST(Sampler, that_gives_no_rows_is_refused) {
    const auto message = [](at::Tensor rows) {
        return message_of<Error>([&] { loader_of([=](const SamplerPass&) { return rows; }); });
    };
    EXPECT_EQ(message(at::tensor({3, 100}, at::kLong)),
              "The sampler gave row 100 of the tensors in memory, of which there are 100, counted from 0");
    EXPECT_THAT(message(at::tensor({3, -1}, at::kLong)), HasSubstr("The sampler gave row -1"));
    EXPECT_THAT(message(at::tensor({0.5})), HasSubstr("as a 1-d int64 tensor, and gave one of Double and shape [1]"));
    EXPECT_THAT(message(at::Tensor()), HasSubstr("and gave none"));
    EXPECT_THAT(message(at::zeros({0}, at::kLong)), HasSubstr("gave no rows of the tensors in memory"));
    const DataLoader growing =
        loader_of([n = std::make_shared<int64_t>(5)](const SamplerPass&) { return at::arange((*n)++); });
    EXPECT_THAT(message_of<Error>([&] { growing.epoch(1); }), HasSubstr("6 rows for epoch 1, and 5 for epoch 0"));

    EXPECT_THAT(message_of<Error>([] { weighted_sampler(at::tensor({1.0, -1.0})); }), HasSubstr("at least 0"));
    EXPECT_THAT(message_of<Error>([] { weighted_sampler(at::tensor({NAN, 1.0})); }), HasSubstr("finite"));
    EXPECT_THAT(message_of<Error>([] { weighted_sampler(at::zeros({4})); }), HasSubstr("are all 0"));
    EXPECT_THAT(message_of<Error>([] { loader_of(weighted_sampler(at::ones({4}))); }),
                HasSubstr("has 4 weights and the data set 100 rows"));
    EXPECT_THAT(message_of<Error>([] { loader_of(random_sampler(101)); }), HasSubstr("101 of 100 rows"));
    EXPECT_THROW(random_sampler(-1), UsageError);
}

/// 50 ratings, 0.01, 0.11, …, of users 0 to 6.
Table ratings() {
    const at::Tensor rows = at::arange(50);
    return Table::of_rows(50)
        .with_column("user", rows % 7)
        .with_column("item", rows % 3)
        .with_column("rating", rows.to(at::kDouble) / 10 + 0.01);
}

at::Tensor targets_of(const DataLoader& loader) {
    Tensors targets;
    for (const Batch& batch : loader.epoch(0)) targets.push_back(batch.targets[0]);
    return at::cat(targets).flatten();
}

TEST(Sampler, of_tables_and_ratings_is_told_of_all_rows) {
    // Every fifth alone, of those that are for training.
    const Sampler sampler = weighted_sampler((at::arange(50) % 5 == 0).to(at::kDouble));
    const auto collab = CollabDataLoaders::from_table(ratings(), {.batch_size = 8, .sampler = sampler});
    const auto tabular =
        TabularDataLoaders::from_table(ratings(), {.y_names = {"rating"}, .batch_size = 8, .sampler = sampler});
    for (const DataLoaders& dls : {DataLoaders(collab), DataLoaders(tabular)}) {
        const at::Tensor drawn = targets_of(dls.train());
        EXPECT_EQ(drawn.numel(), 40);
        EXPECT_TRUE((drawn * 10).round().remainder(5).eq(0).all().item<bool>()) << drawn;
        EXPECT_GT(std::get<0>(at::_unique(drawn)).numel(), 3);
        EXPECT_EQ(dls.valid().rows(), 10);
        EXPECT_FALSE((targets_of(dls.valid()) * 10).round().remainder(5).eq(0).all().item<bool>());
    }
    const auto given = CollabDataLoaders::from_tables(ratings(), ratings(), {.batch_size = 8, .sampler = sampler});
    EXPECT_TRUE((targets_of(given.train()) * 10).round().remainder(5).eq(0).all().item<bool>());
    EXPECT_THAT(message_of<Error>(
                    [] { CollabDataLoaders::from_table(ratings(), {.sampler = weighted_sampler(at::ones({9}))}); }),
                HasSubstr("The sampler has 9 weights"));
    const testing::TemporaryFolder folder;
    write_parquet(folder.path() / "ratings.parquet", ratings());
    EXPECT_THAT(message_of<UsageError>([&] {
                    CollabDataLoaders::from_parquet(folder.path() / "ratings.parquet", {.sampler = random_sampler()});
                }),
                HasSubstr("streamed rows come in an order of their own: leave it out"));
}

TEST(Sampler, is_refused_for_streamed_rows) {
    struct Pieces : StreamedRows {
        std::string source() const override { return "pieces/"; }
        const std::vector<int64_t>& piece_rows() const override { return sizes; }
        TensorDataset read(int64_t) const override { return numbered(5); }
        std::vector<int64_t> sizes = {5};
    };
    EXPECT_THAT(message_of<UsageError>([] { DataLoader(std::make_shared<Pieces>(), {.sampler = random_sampler()}); }),
                HasSubstr("those of pieces/ come in an order of their own: leave it out"));
}

}  // namespace samplers_test
}  // namespace embark
