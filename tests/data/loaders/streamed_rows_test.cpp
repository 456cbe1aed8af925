#include <embark/core/error.h>
#include <embark/data/loaders/dataloader.h>
#include <embark/data/loaders/streamed_rows.h>

#include <mutex>
#include <set>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace streamed_rows_test {

using embark::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Pieces whose rows say which row they are, and which remember what was read of them.
class NumberedPieces : public StreamedRows {
public:
    explicit NumberedPieces(std::vector<int64_t> rows) : rows_(std::move(rows)) {}
    const std::vector<int64_t>& piece_rows() const override { return rows_; }
    std::string source() const override { return "numbers"; }

    TensorDataset read(int64_t piece) const override {
        int64_t first = 0;
        for (int64_t i = 0; i < piece; ++i) first += rows_[static_cast<size_t>(i)];
        const at::Tensor row = at::arange(first, first + rows_[static_cast<size_t>(piece)]);
        const std::lock_guard lock(mutex_);
        read_.insert(piece);
        if (piece == broken) fail("piece ", piece, " is broken");
        return {.inputs = {at::stack({row, row + 1000}, 1)}, .targets = {row.to(at::kFloat).unsqueeze(1)}};
    }
    std::set<int64_t> were_read() const {
        const std::lock_guard lock(mutex_);
        return read_;
    }

    int64_t broken = -1;

private:
    std::vector<int64_t> rows_;
    mutable std::mutex mutex_;
    mutable std::set<int64_t> read_;
};

std::shared_ptr<NumberedPieces> pieces(std::vector<int64_t> rows) {
    return std::make_shared<NumberedPieces>(std::move(rows));
}

at::Tensor rows_of(const DataLoader::Epoch& epoch) {
    std::vector<at::Tensor> rows;
    for (const Batch& batch : epoch) {
        EXPECT_TRUE(at::equal(batch.inputs[0].select(1, 0).to(at::kFloat), batch.targets[0].select(1, 0)));
        rows.push_back(batch.inputs[0].select(1, 0));
    }
    return at::cat(rows);
}

at::Tensor sorted(const at::Tensor& rows) {
    return std::get<0>(rows.sort());
}

TEST(StreamedRows, come_in_their_order_where_nothing_is_shuffled) {
    for (const int64_t buffer : {1, 4, 1000}) {
        const DataLoader loader(pieces({3, 0, 5, 1, 4}), {.batch_size = 4, .shuffle_buffer = buffer});
        EXPECT_EQ(loader.rows(), 13);
        EXPECT_EQ(loader.size(), 4);
        EXPECT_TRUE(at::equal(rows_of(loader.epoch(0)), at::arange(13))) << buffer;
    }
}

TEST(StreamedRows, an_epoch_is_a_permutation_that_follows_from_seed_and_number) {
    const std::vector<int64_t> sizes(40, 25);
    for (const int64_t buffer : {1, 100, 10'000}) {
        const DataLoaderOptions options = {.batch_size = 64, .shuffle = true, .seed = 1, .shuffle_buffer = buffer};
        const DataLoader loader(pieces(sizes), options), again(pieces(sizes), options);
        const at::Tensor first = rows_of(loader.epoch(0)), second = rows_of(loader.epoch(1));
        EXPECT_TRUE(at::equal(sorted(first), at::arange(1000)));
        EXPECT_TRUE(at::equal(sorted(second), at::arange(1000)));
        EXPECT_FALSE(at::equal(first, second));
        EXPECT_TRUE(at::equal(rows_of(again.epoch(1)), second));
    }
}

TEST(StreamedRows, are_mixed_over_the_buffer) {
    // Two rows that were neighbours are on average a third of the buffer apart where it is shuffled well.
    const DataLoader loader(pieces(std::vector<int64_t>(100, 100)),
                            {.batch_size = 100, .shuffle = true, .shuffle_buffer = 1000});
    const at::Tensor place = std::get<1>(rows_of(loader.epoch(0)).sort()).view({100, 100});
    const double apart = (place.slice(1, 1) - place.slice(1, 0, -1)).abs().to(at::kDouble).mean().item<double>();
    EXPECT_NEAR(apart, 1000.0 / 3, 20);
    // And a buffer's pieces come from all over the data.
    const at::Tensor first = rows_of(loader.epoch(0)).slice(0, 0, 1000).div(100, "floor");
    EXPECT_EQ(std::get<0>(at::_unique(first)).numel(), 10);
    EXPECT_GT(first.to(at::kDouble).std().item<double>(), 15);
}

TEST(StreamedRows, a_pass_can_be_entered_at_any_batch) {
    const DataLoader loader(pieces({10, 7, 30, 2, 11, 40}), {.batch_size = 7, .shuffle = true, .shuffle_buffer = 25});
    const auto all = loader.epoch(2);
    std::vector<at::Tensor> expected;
    for (const Batch& batch : all) expected.push_back(batch.inputs[0]);
    for (int64_t i = loader.size() - 1; i >= 0; --i) {
        EXPECT_TRUE(at::equal(loader.epoch(2)[i].inputs[0], expected[static_cast<size_t>(i)])) << i;
        EXPECT_TRUE(at::equal(all[i].inputs[0], expected[static_cast<size_t>(i)])) << i << ", backwards";
    }
}

TEST(StreamedRows, the_last_short_batch_is_left_out_on_request) {
    const DataLoader loader(pieces({5, 5}), {.batch_size = 4, .drop_last = true});
    EXPECT_TRUE(at::equal(rows_of(loader.epoch(0)), at::arange(8)));
    EXPECT_TRUE(at::equal(rows_of(loader.in_order().epoch(0)), at::arange(10)));
}

TEST(StreamedRows, parts_of_batches_are_shared_by_all_processes) {
    for (const int64_t size : {2, 3, 5}) {
        for (const int64_t batch_size : {1, 4, 10, 64}) {
            const DataLoader loader(pieces({10, 7, 30, 2, 11, 41}),
                                    {.batch_size = batch_size, .shuffle = true, .shuffle_buffer = 20});
            std::vector<at::Tensor> rows;
            for (int64_t rank = 0; rank < size; ++rank) {
                const auto epoch = loader.epoch(1, {.rank = rank, .size = size});
                EXPECT_TRUE(epoch.is_shared());
                EXPECT_EQ(epoch.size(), loader.size());
                for (int64_t i = 0; i < epoch.size(); ++i) {
                    // As even as can be; where nothing is left, a row that counts for nothing.
                    const int64_t own = epoch.rows(i) / size + (rank < epoch.rows(i) % size ? 1 : 0);
                    EXPECT_EQ(epoch[i].size(), std::max<int64_t>(own, 1));
                    if (own > 0) rows.push_back(epoch[i].inputs[0].select(1, 0));
                }
            }
            EXPECT_TRUE(at::equal(sorted(at::cat(rows)), at::arange(101))) << size << " processes, " << batch_size;
        }
    }
}

TEST(StreamedRows, whole_batches_are_shared_by_all_processes) {
    for (const int64_t batch_size : {1, 4, 30, 200}) {
        const DataLoader loader(pieces({10, 7, 30, 2, 11, 41}), {.batch_size = batch_size, .shuffle_buffer = 20});
        std::vector<at::Tensor> rows;
        for (int64_t i = 0; i < loader.size(); ++i) {
            const auto epoch = loader.epoch(0, {.rank = i % 3, .size = 3, .of = Share::Of::batches});
            EXPECT_EQ(epoch[i].size(), epoch.rows(i));
            rows.push_back(epoch[i].inputs[0].select(1, 0));
            const auto other = loader.epoch(0, {.rank = (i + 1) % 3, .size = 3, .of = Share::Of::batches});
            EXPECT_EQ(other[i].size(), 1);
        }
        EXPECT_TRUE(at::equal(sorted(at::cat(rows)), at::arange(101))) << batch_size;
    }
}

TEST(StreamedRows, a_process_reads_its_own_share_alone) {
    for (int64_t rank = 0; rank < 4; ++rank) {
        const auto rows = pieces(std::vector<int64_t>(16, 10));
        const DataLoader loader(rows, {.batch_size = 8, .shuffle = true, .shuffle_buffer = 20});
        rows_of(loader.epoch(0, {.rank = rank, .size = 4}));
        rows_of(loader.epoch(1, {.rank = rank, .size = 4}));
        EXPECT_THAT(rows->were_read(), ElementsAre(4 * rank, 4 * rank + 1, 4 * rank + 2, 4 * rank + 3));
    }
}

TEST(StreamedRows, first_rows_and_a_sample_read_no_more_than_they_need) {
    const auto rows = pieces(std::vector<int64_t>(100, 10));
    const DataLoader loader(rows, {.shuffle = true, .shuffle_buffer = 30});
    EXPECT_TRUE(at::equal(loader.first_rows(12).inputs[0].select(1, 0), at::arange(12)));
    EXPECT_EQ(loader.first_rows(0).inputs[0].sizes(), at::IntArrayRef({0, 2}));
    EXPECT_THAT(rows->were_read(), ElementsAre(0, 1));
    EXPECT_EQ(loader.sample().size(), 30);
    EXPECT_LE(rows->were_read().size(), 8U);
}

TEST(StreamedRows, what_cannot_be_said_plainly) {
    const auto rows = pieces({10, 10, 10});
    const DataLoader loader(rows, {.batch_size = 10, .shuffle_buffer = 10});
    EXPECT_THAT(message_of<Error>([&] { loader.data(); }), HasSubstr("numbers are streamed"));
    EXPECT_THAT(message_of<Error>([&] { DataLoader(pieces({0, 0})); }), HasSubstr("no rows in numbers"));
    EXPECT_THROW(DataLoader(rows, {.shuffle_buffer = 0}), UsageError);

    rows->broken = 1;
    const auto epoch = loader.epoch(0);
    EXPECT_EQ(epoch[0].size(), 10);
    EXPECT_THAT(message_of<Error>([&] { epoch[1]; }), HasSubstr("piece 1 is broken"));
    EXPECT_EQ(epoch[2].size(), 10);
}

}  // namespace streamed_rows_test
}  // namespace embark
