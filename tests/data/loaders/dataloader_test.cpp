#include <embark/core/error.h>
#include <embark/data/loaders/dataloader.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace dataloader_test {

using embark::testing::message_of;
using ::testing::HasSubstr;

/// Rows whose input and target say which row they are.
TensorDataset numbered(int64_t rows) {
    const at::Tensor row = at::arange(rows, at::kLong);
    return {.inputs = {at::stack({row, row + 1000}, 1)}, .targets = {row.to(at::kFloat).unsqueeze(1)}};
}

/// The rows of one epoch, in order.
at::Tensor rows_of(const DataLoader& loader, int64_t epoch) {
    std::vector<at::Tensor> rows;
    for (const Batch& batch : loader.epoch(epoch)) rows.push_back(batch.inputs[0].select(1, 0));
    return at::cat(rows);
}

TEST(DataLoader, keeps_the_order_where_nothing_is_shuffled) {
    const DataLoader loader(numbered(10), {.batch_size = 4});
    EXPECT_EQ(loader.size(), 3);
    EXPECT_EQ(loader.rows(), 10);
    EXPECT_EQ(loader.epoch(0)[2].size(), 2);
    EXPECT_TRUE(at::equal(rows_of(loader, 0), at::arange(10, at::kLong)));
}

TEST(DataLoader, shuffled_batches_keep_inputs_and_targets_together) {
    const DataLoader loader(numbered(100), {.batch_size = 32, .shuffle = true});
    for (const Batch& batch : loader.epoch(3)) {
        EXPECT_TRUE(at::equal(batch.inputs[0].select(1, 0).to(at::kFloat), batch.targets[0].select(1, 0)));
        EXPECT_TRUE(at::equal(batch.inputs[0].select(1, 0) + 1000, batch.inputs[0].select(1, 1)));
    }
}

TEST(DataLoader, an_epoch_is_a_permutation_that_follows_from_seed_and_number) {
    const DataLoader loader(numbered(1000), {.batch_size = 64, .shuffle = true, .seed = 1});
    const at::Tensor first = rows_of(loader, 0), second = rows_of(loader, 1);
    EXPECT_FALSE(at::equal(first, at::arange(1000, at::kLong)));
    EXPECT_FALSE(at::equal(first, second));
    EXPECT_TRUE(at::equal(std::get<0>(first.sort()), at::arange(1000, at::kLong)));
    const DataLoader again(numbered(1000), {.batch_size = 10, .shuffle = true, .seed = 1});
    EXPECT_TRUE(at::equal(rows_of(again, 1), second));
    EXPECT_TRUE(at::equal(rows_of(again, 0), first));
    const DataLoader other(numbered(1000), {.batch_size = 64, .shuffle = true, .seed = 2});
    EXPECT_FALSE(at::equal(rows_of(other, 0), first));
    EXPECT_FALSE(at::equal(rows_of(other, 0), second));
}

TEST(DataLoader, shuffling_leaves_the_default_generator_alone) {
    at::manual_seed(5);
    const at::Tensor expected = at::rand({3});
    at::manual_seed(5);
    DataLoader(numbered(100), {.shuffle = true}).epoch(0);
    EXPECT_TRUE(at::equal(at::rand({3}), expected));
}

TEST(DataLoader, drop_last_leaves_out_a_short_batch_but_never_the_only_one) {
    EXPECT_EQ(DataLoader(numbered(10), {.batch_size = 4, .drop_last = true}).size(), 2);
    EXPECT_EQ(DataLoader(numbered(8), {.batch_size = 4, .drop_last = true}).size(), 2);
    const DataLoader one(numbered(3), {.batch_size = 64, .drop_last = true});
    EXPECT_EQ(one.size(), 1);
    EXPECT_EQ(one.one_batch().size(), 3);
    EXPECT_EQ(DataLoader(numbered(3), {.batch_size = 4611686018427387904}).size(), 1);
}

TEST(DataLoader, makes_strided_tensors_contiguous_once) {
    const at::Tensor strided = at::arange(12, at::kFloat).view({2, 6}).t();
    const DataLoader loader({.inputs = {strided}, .targets = {}});
    EXPECT_TRUE(loader.data().inputs[0].is_contiguous());
    EXPECT_TRUE(at::equal(loader.data().inputs[0], strided));
}

TEST(DataLoader, takes_any_number_of_inputs_and_targets) {
    const DataLoader loader({.inputs = {at::zeros({5}), at::ones({5, 2, 3})}, .targets = {}}, {.batch_size = 2});
    const Batch batch = loader.epoch(0)[2];
    EXPECT_EQ(batch.inputs[0].sizes(), at::IntArrayRef({1}));
    EXPECT_EQ(batch.inputs[1].sizes(), at::IntArrayRef({1, 2, 3}));
    EXPECT_TRUE(batch.targets.empty());
}

TEST(DataLoader, refuses_data_that_cannot_make_batches) {
    EXPECT_THAT(message_of<UsageError>([] { DataLoader(numbered(3), {.batch_size = 0}); }),
                HasSubstr("Invalid batch size: 0"));
    EXPECT_THAT(message_of<Error>([] { DataLoader({.inputs = {}, .targets = {}}); }), HasSubstr("at least one input"));
    EXPECT_THAT(message_of<Error>([] { DataLoader(numbered(0)); }), HasSubstr("at least one row"));
    EXPECT_EQ(message_of<Error>([] { DataLoader({.inputs = {at::zeros({3})}, .targets = {at::zeros({2})}}); }),
              "Target 0 of a data set has 2 rows, but input 0 has 3");
    EXPECT_THAT(message_of<Error>([] { DataLoader({.inputs = {at::Tensor()}, .targets = {}}); }),
                HasSubstr("Input 0 of a data set is undefined"));
    EXPECT_THAT(message_of<Error>([] { DataLoader({.inputs = {at::scalar_tensor(1.0)}, .targets = {}}); }),
                HasSubstr("Input 0 of a data set has no dimensions"));
}

/// A source of one's own: the numbers below `n` and their squares, backwards where they are shuffled.
class Squares : public RowSource {
public:
    explicit Squares(int64_t n) : n_(n) {}
    int64_t rows() const override { return n_; }
    std::string source() const override { return "squares"; }

    std::unique_ptr<RowPass> pass(const PassOptions& options) const override {
        struct Pass : RowPass {
            Pass(int64_t n, const PassOptions& given) : rows(n), options(given) {}
            Batch batch(int64_t i) override {
                const int64_t begin = i * options.batch_size, end = std::min(rows, begin + options.batch_size);
                at::Tensor x = at::arange(begin, end);
                if (options.seed) x = rows - 1 - x;
                return {.inputs = {x}, .targets = {x * x}, .weights = at::ones({end - begin})};
            }
            int64_t rows;
            PassOptions options;
        };
        return std::make_unique<Pass>(n_, options);
    }
    bool is_weighted() const override { return true; }

private:
    int64_t n_;
};

TEST(DataLoader, takes_rows_from_a_source_of_ones_own) {
    const DataLoader loader(std::make_shared<Squares>(10), {.batch_size = 4, .shuffle = true, .drop_last = true});
    EXPECT_EQ(loader.size(), 2);
    EXPECT_TRUE(at::equal(loader.epoch(0)[1].inputs[0], at::tensor({5, 4, 3, 2}, at::kLong)));
    EXPECT_TRUE(at::equal(loader.in_order().epoch(0)[2].targets[0], at::tensor({64, 81}, at::kLong)));
    EXPECT_EQ(loader.in_order().epoch(0).rows(2), 2);
    EXPECT_TRUE(loader.is_weighted());
    EXPECT_FALSE(loader.epoch(0, {.rank = 1, .size = 2}).is_shared());
    EXPECT_TRUE(at::equal(loader.first_rows(3).inputs[0], at::arange(3)));
    EXPECT_EQ(loader.first_rows(0).inputs[0].numel(), 0);
    EXPECT_EQ(loader.first_rows(100).size(), 10);
    EXPECT_EQ(loader.sample().size(), 10);
    EXPECT_THAT(message_of<Error>([&] { loader.data(); }), HasSubstr("The rows of squares are streamed"));
    EXPECT_THAT(message_of<Error>([] { DataLoader(std::make_shared<Squares>(0)); }), HasSubstr("no rows in squares"));
    EXPECT_THROW(DataLoader(std::shared_ptr<const RowSource>()), UsageError);
}

}  // namespace dataloader_test
}  // namespace embark
