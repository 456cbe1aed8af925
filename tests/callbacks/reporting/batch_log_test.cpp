#include <embark/callbacks/reporting/detail/batch_log.h>
#include <embark/callbacks/reporting/records.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/callbacks/reporting/recorder.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/state_dict.h>

#include "test_files.h"

namespace embark {
namespace batch_log_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

std::vector<double> row(int64_t i) {
    const auto x = static_cast<double>(i);
    return {x, x / 3, -x};
}

/// All rows before `mark`.
std::vector<double> resumed(BatchLog& log, const BatchLog::Mark& mark) {
    std::vector<double> values;
    log.resume(mark, 3, [&](std::span<const double> one) { values.insert(values.end(), one.begin(), one.end()); });
    return values;
}

TEST(BatchLog, goes_on_where_the_checkpoint_was_and_drops_what_came_later) {
    const TemporaryFolder folder;
    BatchLog::Mark mark;
    std::vector<double> expected;
    {
        BatchLog log(folder.path());
        for (int64_t i = 0; i < 20'000; ++i) log.add(row(i));  // more than one block
        mark = log.mark();
        for (int64_t i = 0; i < 20'000; ++i) log.add(row(-i));
        log.mark();
    }
    for (int64_t i = 0; i < 20'000; ++i) {
        for (const double value : row(i)) expected.push_back(value);
    }
    BatchLog log(folder.path());
    EXPECT_EQ(resumed(log, mark), expected);
    EXPECT_EQ(std::filesystem::file_size(folder.path() / "batches.1.f64"), 20'000U * 3 * 8);
    log.add(row(7));
    const auto later = log.mark();
    for (const double value : row(7)) expected.push_back(value);
    BatchLog again(folder.path());
    EXPECT_EQ(resumed(again, later), expected);
}

TEST(BatchLog, of_a_new_fit_leaves_the_one_before_whole_until_it_has_a_checkpoint) {
    const TemporaryFolder folder;
    BatchLog first(folder.path());
    first.add(row(1));
    const auto mark = first.mark();
    BatchLog second(folder.path());
    second.add(row(2));
    second.mark();
    BatchLog resumed_first(folder.path());
    EXPECT_EQ(resumed(resumed_first, mark), row(1));
    second.remove_others();
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "batches.1.f64"));
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "batches.2.f64"));
}

TEST(BatchLog, that_is_gone_cut_or_changed_is_refused) {
    const TemporaryFolder folder;
    BatchLog log(folder.path());
    log.add(row(1));
    const auto mark = log.mark();
    const auto path = folder.path() / "batches.1.f64";
    const std::string whole = read_file(path);
    const auto message = [&](const BatchLog::Mark& of) {
        return message_of<Error>([&] {
            BatchLog other(folder.path());
            resumed(other, of);
        });
    };
    folder.write("batches.1.f64", whole.substr(0, whole.size() - 1));
    EXPECT_THAT(message(mark), HasSubstr("is shorter than when the checkpoint was written"));
    std::string changed = whole;
    changed[3] ^= 1;
    folder.write("batches.1.f64", changed);
    EXPECT_THAT(message(mark), HasSubstr("is not as it was when the checkpoint was written"));
    folder.write("batches.1.f64", whole);
    EXPECT_THAT(message({.number = 1, .values = 1'000'000'000'000'000, .checksum = mark.checksum}),
                HasSubstr("is shorter"));
    EXPECT_THAT(message({.number = 9, .values = 3, .checksum = mark.checksum}), HasSubstr("there is no such file"));
}

/// Bytes of what a Recorder saves for a checkpoint.
size_t saved_bytes(const Recorder& recorder, const TrainingState& state) {
    StateDict saved;
    recorder.save_state(saved, state);
    size_t bytes = 0;
    for (const auto& [name, tensor] : saved.content().tensors) bytes += name.size() + tensor.nbytes();
    for (const auto& [name, text] : saved.content().metadata) bytes += name.size() + text.size();
    return bytes;
}

TEST(Recorder, saves_as_much_after_many_batches_as_after_few_and_goes_on_with_the_same_records) {
    const TemporaryFolder folder;
    Recorder recorder({}, std::make_shared<BatchLog>(folder.path()));
    TrainingState state;
    recorder.before_fit(state);
    const auto train = [&](Recorder& by, TrainingState& of, int64_t batches) {
        for (int64_t i = 0; i < batches; ++i) {
            of.loss = torch::tensor(static_cast<double>((i * 7919) % 1000), at::kDouble);
            by.after_batch(of);
        }
    };
    train(recorder, state, 1'000);
    const size_t few = saved_bytes(recorder, state);
    train(recorder, state, 100'000);
    StateDict saved;
    recorder.save_state(saved, state);
    EXPECT_EQ(saved_bytes(recorder, state), few);

    Recorder resumed({}, std::make_shared<BatchLog>(folder.path()));
    TrainingState after;
    resumed.before_fit(after);
    resumed.load_state(saved, after);
    EXPECT_EQ(after.records.n_batches, 101'000);
    train(recorder, state, 5'000);
    train(resumed, after, 5'000);
    EXPECT_EQ(after.records.losses, state.records.losses);
    EXPECT_EQ(after.records.smooth_losses, state.records.smooth_losses);
    EXPECT_EQ(after.records.stride, state.records.stride);
}

TEST(Records, of_a_long_run_keep_evenly_spread_batches_and_the_last) {
    Records records;
    for (int64_t i = 0; i < 10 * kMaxRecordedBatches + 7; ++i) {
        records.add_batch(static_cast<double>(i), static_cast<double>(-i), {{"lr", static_cast<double>(2 * i)}});
        ASSERT_EQ(records.losses.back(), static_cast<double>(i));
        ASSERT_EQ(records.hypers.at("lr").size(), records.losses.size());
        if (i < kMaxRecordedBatches) {
            ASSERT_EQ(std::ssize(records.losses), i + 1);
        } else {
            ASSERT_GE(std::ssize(records.losses), kMaxRecordedBatches / 2);
            ASSERT_LE(std::ssize(records.losses), kMaxRecordedBatches);
        }
    }
    EXPECT_EQ(records.stride, 16);
    for (size_t i = 0; i < records.losses.size(); ++i) {
        const int64_t batch = records.batch_of(i);
        ASSERT_EQ(records.losses[i], static_cast<double>(batch));
        ASSERT_EQ(records.smooth_losses[i], static_cast<double>(-batch));
        ASSERT_EQ(records.hypers.at("lr")[i], static_cast<double>(2 * batch));
        ASSERT_EQ(records.entry_of(batch), i);
    }
    EXPECT_EQ(records.n_batches, 10 * kMaxRecordedBatches + 7);
}

}  // namespace batch_log_test
}  // namespace embark
