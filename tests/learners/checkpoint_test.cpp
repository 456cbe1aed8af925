#include <embark/callbacks/checkpoint/detail/checkpointer.h>
#include <embark/learners/learner.h>

#include <fstream>
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/optim/optimizer.h>

#include "event_recorder.h"
#include "failing_io.h"
#include "test_files.h"

namespace embark {
namespace checkpoint_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::EventRecorder;
using ::testing::HasSubstr;
using testing::IoFailure;
using testing::message_of;
using testing::TemporaryFolder;

/// Five training batches and two validation batches an epoch, with dropout, so that random numbers matter.
Learner dropout_learner(std::vector<std::shared_ptr<Callback>> callbacks = {}, uint64_t seed = 42) {
    torch::manual_seed(3);
    const auto x = torch::randn({20, 3}), y = torch::randn({20, 1});
    const auto dls = DataLoaders::from_tensors({{x}, {y}}, {{x.slice(0, 0, 6)}, {y.slice(0, 0, 6)}},
                                               {.batch_size = 4, .valid_batch_size = 3, .seed = seed});
    torch::nn::Sequential model(torch::nn::Linear(3, 4), torch::nn::BatchNorm1d(4), torch::nn::Dropout(0.3),
                                torch::nn::Linear(4, 1));
    return Learner(
        dls, model,
        {.loss = mse_loss_flat(), .metrics = {rmse(), mae()}, .callbacks = std::move(callbacks), .progress = false});
}

constexpr int64_t kEpochs = 3;

void fit(Learner& learn, const CheckpointOptions& checkpoint = {}, std::stop_token stop = {}) {
    learn.fit_one_cycle(kEpochs, 0.05, {.stop = std::move(stop), .checkpoint = checkpoint});
}

/// All that a fit leaves behind but times, to compare to the bit.
std::string fingerprint(Learner& learn) {
    std::string bits;
    const auto add = [&](const at::Tensor& tensor) {
        const auto flat = tensor.detach().contiguous();
        bits.append(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes());
    };
    const auto add_all = [&](const std::vector<double>& values) { add(torch::tensor(values, at::kDouble)); };
    for (const auto& parameter : learn.model().module().parameters()) add(parameter);
    for (const auto& buffer : learn.model().module().buffers()) add(buffer);
    for (const auto& [name, tensor] : learn.optimizer().state()) add(tensor);
    for (const auto& row : learn.records().epochs) {
        add_all({static_cast<double>(row.epoch), row.train_loss, row.valid_loss});
        add_all(row.metrics);
    }
    add_all(learn.records().losses);
    add_all(learn.records().smooth_losses);
    for (const auto& [name, values] : learn.records().hypers) add_all(values);
    add(rng_state());
    return bits + learn.stop_reason();
}

std::string undisturbed() {
    auto learn = dropout_learner();
    fit(learn);
    return fingerprint(learn);
}

/// Thrown in place of a crash: nothing of the fit is left but the file.
struct Crash {};

/// Throws at the n-th event of a fit.
std::shared_ptr<EventRecorder> crash_at(int n) {
    const auto recorder = std::make_shared<EventRecorder>();
    recorder->at_every_event([n, seen = 0](const std::string& event, TrainingState&) mutable {
        if (++seen == n && event != "cleanup_fit") throw Crash();
    });
    return recorder;
}

TEST(Checkpoint, a_fit_that_crashes_at_any_event_and_is_resumed_ends_as_if_undisturbed) {
    const std::string expected = undisturbed();
    for (const int64_t every : {0, 1, 3}) {
        bool crashed = true;
        for (int n = 1; crashed; ++n) {
            const TemporaryFolder folder;
            crashed = false;
            try {
                auto learn = dropout_learner({crash_at(n)});
                fit(learn, {.dir = folder.path(), .every = every});
            } catch (const Crash&) {
                crashed = true;
            }
            auto resumed = dropout_learner();
            fit(resumed, {.dir = folder.path(), .every = every, .resume = true});
            ASSERT_EQ(fingerprint(resumed), expected) << "event " << n << ", a checkpoint every " << every;
        }
    }
}

TEST(Checkpoint, a_fit_that_is_stopped_at_any_batch_and_resumed_ends_as_if_undisturbed) {
    const std::string expected = undisturbed();
    constexpr int kBatches = kEpochs * (5 + 2);
    for (int n = 1; n <= kBatches; ++n) {
        const TemporaryFolder folder;
        std::stop_source source;
        const auto stopper = std::make_shared<EventRecorder>("after_pred", [&, seen = 0](TrainingState&) mutable {
            if (++seen == n) source.request_stop();
        });
        auto learn = dropout_learner({stopper});
        fit(learn, {.dir = folder.path()}, source.get_token());
        EXPECT_THAT(learn.stop_reason(), HasSubstr("asked to stop"));
        auto resumed = dropout_learner();
        fit(resumed, {.dir = folder.path(), .resume = true});
        ASSERT_EQ(fingerprint(resumed), expected) << "batch " << n;
    }
}

TEST(Checkpoint, a_fit_can_be_interrupted_again_and_again) {
    const TemporaryFolder folder;
    int runs = 0;
    for (; runs < 100; ++runs) {
        auto learn = dropout_learner({crash_at(30)});
        try {
            fit(learn, {.dir = folder.path(), .every = 1, .resume = true});
            break;
        } catch (const Crash&) {
        }
    }
    EXPECT_GT(runs, 3);
    auto learn = dropout_learner();
    fit(learn, {.dir = folder.path(), .resume = true});
    EXPECT_EQ(fingerprint(learn), undisturbed());
}

TEST(Checkpoint, a_resumed_fit_sends_the_events_that_were_still_to_come) {
    const auto log = [](const std::shared_ptr<EventRecorder>& recorder) {
        auto learn = dropout_learner({recorder});
        fit(learn);
        return recorder->seen();
    };
    const auto all = log(std::make_shared<EventRecorder>());
    const TemporaryFolder folder;
    const auto crash = crash_at(40);
    auto learn = dropout_learner({crash});
    EXPECT_THROW(fit(learn, {.dir = folder.path(), .every = 1}), Crash);
    const auto recorder = std::make_shared<EventRecorder>();
    auto resumed = dropout_learner({recorder});
    fit(resumed, {.dir = folder.path(), .every = 1, .resume = true});
    ASSERT_EQ(recorder->seen().front(), "before_fit");
    const std::vector<std::string> rest(recorder->seen().begin() + 1, recorder->seen().end());
    ASSERT_LT(rest.size(), all.size());
    EXPECT_TRUE(std::equal(rest.rbegin(), rest.rend(), all.rbegin()));
}

TEST(Checkpoint, a_finished_fit_does_no_more) {
    const TemporaryFolder folder;
    auto learn = dropout_learner();
    fit(learn, {.dir = folder.path()});
    const auto recorder = std::make_shared<EventRecorder>();
    auto again = dropout_learner({recorder});
    fit(again, {.dir = folder.path(), .resume = true});
    EXPECT_EQ(recorder->log(), "before_fit cleanup_fit");
    EXPECT_EQ(fingerprint(again), fingerprint(learn));
}

TEST(Checkpoint, fits_one_after_the_other_are_resumed_each_from_its_own_folder) {
    const auto train = [](const fs::path& folder, int crash, bool resume) {
        auto learn = dropout_learner(crash > 0 ? std::vector<std::shared_ptr<Callback>>{crash_at(crash)}
                                               : std::vector<std::shared_ptr<Callback>>{});
        learn.fine_tune(2, 0.05, {.checkpoint = {.dir = folder, .every = 2, .resume = resume}});
        return fingerprint(learn);
    };
    const TemporaryFolder whole;
    const std::string expected = train(whole.path(), 0, false);
    for (const int crash : {5, 60, 100, 150}) {
        const TemporaryFolder folder;
        EXPECT_THROW(train(folder.path(), crash, false), Crash);
        EXPECT_EQ(train(folder.path(), 0, true), expected) << crash;
    }
}

TEST(Checkpoint, accumulated_gradients_are_kept) {
    /// Steps at every third batch alone.
    struct EveryThird : Callback {
        void before_step(TrainingState& state) override {
            if (++count % 3 != 0) state.cancel(Level::batch);
        }
        void save_state(StateDict& to, const TrainingState&) const override { to.set("count", count); }
        void load_state(const StateDict& from, TrainingState&) override { count = from.get<int64_t>("count"); }
        int64_t count = 0;
    };
    const auto train = [](std::stop_token stop, const CheckpointOptions& checkpoint) {
        auto learn = dropout_learner({std::make_shared<EveryThird>()});
        fit(learn, checkpoint, std::move(stop));
        return fingerprint(learn);
    };
    const TemporaryFolder folder;
    std::stop_source source;
    source.request_stop();
    train(source.get_token(), {.dir = folder.path()});
    EXPECT_EQ(train({}, {.dir = folder.path(), .resume = true}), train({}, {}));
}

TEST(Checkpoint, another_fit_is_refused_and_says_what_differs) {
    const TemporaryFolder folder;
    auto learn = dropout_learner();
    fit(learn, {.dir = folder.path()});
    const CheckpointOptions resume{.dir = folder.path(), .resume = true};
    const auto message = [](const std::function<void()>& action) { return message_of<Error>(action); };
    EXPECT_THAT(message([&] { dropout_learner().fit_one_cycle(5, 0.05, {.checkpoint = resume}); }),
                HasSubstr("number of epochs (3 there, 5 here)"));
    EXPECT_THAT(message([&] { dropout_learner().fit_one_cycle(3, 0.01, {.checkpoint = resume}); }),
                AllOf(HasSubstr("lr (0.05 there, 0.01 here)"), HasSubstr("schedule of lr")));
    EXPECT_THAT(message([&] { dropout_learner().fit(3, 0.05, {.checkpoint = resume}); }), HasSubstr("schedule of lr"));
    EXPECT_THAT(message([&] {
                    auto other = dropout_learner({}, 43);
                    fit(other, resume);
                }),
                HasSubstr("seed of the data (42 there, 43 here)"));
    EXPECT_THAT(message_of<UsageError>([&] {
                    dropout_learner().fit(1, 0.1, {.checkpoint = {"x", -1}});
                }),
                HasSubstr("Invalid number of batches between checkpoints, -1"));
}

TEST(Checkpoint, a_fit_without_a_checkpoint_to_resume_from_starts_afresh) {
    const TemporaryFolder folder;
    auto learn = dropout_learner();
    fit(learn, {.dir = folder.path() / "a" / "b", .resume = true});
    EXPECT_EQ(fingerprint(learn), undisturbed());
    EXPECT_TRUE(fs::exists(checkpoint_path(folder.path() / "a" / "b")));
}

size_t entries(const fs::path& folder) {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(Checkpoint, whatever_call_fails_while_one_is_written_the_old_one_stays) {
    const std::string expected = undisturbed();
    const TemporaryFolder first;
    auto learn = dropout_learner({crash_at(40)});
    EXPECT_THROW(fit(learn, {.dir = first.path(), .every = 1}), Crash);
    const std::string old = read_file(checkpoint_path(first.path()));
    for (const auto how : {IoFailure::How::fail, IoFailure::How::short_write}) {
        int failures = 0;
        for (int call = 1; failures == call - 1; ++call) {
            const TemporaryFolder folder;
            fs::copy(first.path(), folder.path());
            std::stop_source source;
            source.request_stop();  // one checkpoint, after the first batch
            auto resumed = dropout_learner();
            testing::let_io_fail({.at_call = call, .how = how});
            bool failed = false;
            try {
                fit(resumed, {.dir = folder.path(), .resume = true}, source.get_token());
            } catch (const Error& error) {
                failed = true;
                ++failures;
                EXPECT_THAT(error.what(), HasSubstr("Cannot write"));
            }
            testing::let_io_fail({});
            EXPECT_EQ(entries(folder.path()), 2U);  // and what was recorded of the batches
            EXPECT_EQ(read_file(checkpoint_path(folder.path())) == old, failed) << "call " << call;
            if (call % 8 != 1) continue;
            auto again = dropout_learner();
            fit(again, {.dir = folder.path(), .resume = true});
            EXPECT_EQ(fingerprint(again), expected);
        }
        EXPECT_GT(failures, 40);  // a write for each tensor, and what is around them
    }
}

TEST(Checkpoint, a_small_one_cut_or_changed_at_any_byte_is_found_out) {
    const TemporaryFolder folder;
    const auto small = [] {
        const auto x = torch::ones({2, 1});
        return Learner(DataLoaders::from_tensors({{x}, {x}}, {{x}, {x}}, {.batch_size = 1}), torch::nn::Linear(1, 1),
                       {.loss = mse_loss_flat(), .progress = false});
    };
    const CheckpointOptions resume{.dir = folder.path(), .resume = true};
    auto trained = small();
    trained.fit(1, 0.1, {.checkpoint = resume});
    const std::string whole = read_file(checkpoint_path(folder.path()));
    auto learn = small();
    const auto refused = [&](const std::string& content) {
        std::ofstream(checkpoint_path(folder.path()), std::ios::binary) << content;
        try {
            learn.fit(1, 0.1, {.checkpoint = resume});
            return false;
        } catch (const Error&) {
            return true;
        }
    };
    const at::Tensor weight = learn.model().module().parameters().front();
    const auto before = weight.detach().clone();
    for (size_t i = 0; i < whole.size(); ++i) {
        ASSERT_TRUE(refused(whole.substr(0, i))) << "cut at byte " << i;
        std::string changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
        ASSERT_TRUE(refused(changed)) << "a flip in byte " << i;
    }
    EXPECT_TRUE(weight.equal(before));
    EXPECT_FALSE(refused(whole));
}

/// Counts batches under a name and at an order of its own.
struct NamedCounter : Callback {
    explicit NamedCounter(std::string name, int order = 0) : name_(std::move(name)), order_(order) {}
    int order() const override { return order_; }
    std::string name() const override { return name_.empty() ? Callback::name() : name_; }
    void after_batch(TrainingState&) override { ++count; }
    void save_state(StateDict& to, const TrainingState&) const override { to.set("count.of batches", count); }
    void load_state(const StateDict& from, TrainingState&) override { count = from.get<int64_t>("count.of batches"); }

    std::string name_;
    int order_;
    int64_t count = 0;
};
/// Keeps nothing.
struct Bystander : Callback {};

using Counters = std::vector<std::shared_ptr<NamedCounter>>;

/// A fit of `counters` that is asked to stop after the first training batches, and what each has counted when it has
/// gone on and ended.
std::vector<int64_t> counted_after_resume(const std::function<Counters()>& make, bool bystanders = false) {
    const TemporaryFolder folder;
    const auto run = [&](bool interrupt) {
        const Counters counters = make();
        std::vector<std::shared_ptr<Callback>> callbacks(counters.begin(), counters.end());
        if (bystanders && interrupt) callbacks.insert(callbacks.begin(), std::make_shared<Bystander>());
        std::stop_source stop;
        int64_t left = 3;
        if (interrupt) {
            callbacks.push_back(std::make_shared<EventRecorder>("after_batch", [&](TrainingState&) {
                if (--left == 0) stop.request_stop();
            }));
        } else {
            callbacks.push_back(std::make_shared<EventRecorder>());
        }
        auto learn = dropout_learner(callbacks);
        fit(learn, {.dir = folder.path(), .resume = true}, stop.get_token());
        std::vector<int64_t> counts;
        for (const auto& counter : counters) counts.push_back(counter->count);
        return counts;
    };
    run(/*interrupt=*/true);
    return run(/*interrupt=*/false);
}

TEST(Checkpoints, keep_apart_callbacks_of_one_class_without_names_and_with_names_that_have_dots) {
    const int64_t all = kEpochs * (5 + 2);
    const auto counters = [](std::vector<std::string> names) {
        return [names = std::move(names)] {
            Counters made;
            for (const auto& name : names) {
                made.push_back(std::make_shared<NamedCounter>(name));
                made.back()->count = 100 * static_cast<int64_t>(made.size());
            }
            return made;
        };
    };
    const std::vector<std::vector<std::string>> cases = {
        {"", ""},
        {"ema 0.95", "ema 0.99", "ema"},
        {"a", "a.count", "a", "a#2", "a%2E", "a."},
        {"...", "#", "%", " ", "\"", "ümlaut", "a/b\\c"},
    };
    for (const auto& names : cases) {
        std::vector<int64_t> expected;
        for (size_t i = 0; i < names.size(); ++i) expected.push_back(100 * static_cast<int64_t>(i + 1) + all);
        EXPECT_EQ(counted_after_resume(counters(names)), expected) << join(names);
        EXPECT_EQ(counted_after_resume(counters(names), /*bystanders=*/true), expected) << join(names);
    }
}

TEST(Checkpoints, are_written_after_the_events_of_callbacks_of_any_order) {
    const int64_t all = kEpochs * (5 + 2);
    for (const int order : {-5, 99, 100, 101, 1000, std::numeric_limits<int>::max()}) {
        EXPECT_EQ(counted_after_resume([order] { return Counters{std::make_shared<NamedCounter>("", order)}; }),
                  std::vector<int64_t>{all})
            << order;
    }
}

TEST(Checkpoints, of_version_0_1_keep_an_unnamed_callback_as_callback) {
    const TemporaryFolder folder;
    auto first = std::make_shared<NamedCounter>("callback");
    auto learn = dropout_learner({first});
    fit(learn, {.dir = folder.path()});
    EXPECT_EQ(first->count, kEpochs * (5 + 2));
    const auto again = std::make_shared<NamedCounter>("");
    auto rest = dropout_learner({again});
    fit(rest, {.dir = folder.path(), .resume = true});
    EXPECT_EQ(again->count, first->count);
}

}  // namespace checkpoint_test
}  // namespace embark
