#include <embark/callbacks/reporting/event_timer.h>

#include <chrono>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/callbacks/detail/events.h>
#include <embark/core/text.h>

#include "../hand_made_fit.h"

namespace embark {
namespace event_timer_test {

constexpr double kPause = 0.002, kLongPause = 0.03;

void pause(double seconds = kPause) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

struct Slow : Callback {
    void after_batch(TrainingState&) override { pause(kLongPause); }
};

/// A fit of two training batches and one validation batch, with a pause in the forward pass, in data loading and in a
/// callback.
EventTimer timed_fit() {
    EventTimer timer;
    auto callbacks = timer.callbacks();
    callbacks.push_back(std::make_shared<Slow>());
    const Events events(callbacks);
    testing::HandMadeFit fit;
    const auto send = [&](std::initializer_list<Event> sent) {
        for (const Event event : sent) events.send(event, fit.state);
    };
    send({&Callback::before_fit, &Callback::before_epoch, &Callback::before_train});
    for (int i = 0; i < 2; ++i) {
        pause();
        send({&Callback::before_batch});
        pause();
        send({&Callback::after_pred, &Callback::after_loss, &Callback::before_backward, &Callback::after_backward,
              &Callback::before_step, &Callback::after_step, &Callback::after_batch});
    }
    fit.state.training = false;
    send({&Callback::after_train, &Callback::before_validate, &Callback::before_batch});
    pause();
    send({&Callback::after_pred, &Callback::after_loss, &Callback::after_batch, &Callback::after_validate,
          &Callback::after_epoch, &Callback::after_fit});
    return timer;
}

Timing find(const EventTimer& timer, const std::string& part, const std::string& stage, const std::string& event = {}) {
    for (const auto& timing : timer.timings()) {
        if (timing.part == part && timing.stage == stage && timing.event == event) return timing;
    }
    return {};
}

TEST(EventTimer, counts_and_times_every_stage) {
    const auto timer = timed_fit();
    for (const char* stage : {"data loading", "forward", "loss", "backward", "step", "zero_grad"}) {
        EXPECT_EQ(find(timer, "training", stage).count, 2) << stage;
    }
    for (const char* stage : {"data loading", "forward", "loss"}) {
        EXPECT_EQ(find(timer, "validation", stage).count, 1) << stage;
    }
    EXPECT_EQ(find(timer, "validation", "backward").count, 0);
    EXPECT_GE(find(timer, "training", "data loading").seconds, 2 * kPause);
    EXPECT_GE(find(timer, "training", "forward").seconds, 2 * kPause);
    EXPECT_GE(find(timer, "training", "forward").mean(), kPause);
    EXPECT_GE(find(timer, "validation", "forward").seconds, kPause);
}

TEST(EventTimer, tells_callbacks_from_the_work_between_events) {
    const auto timer = timed_fit();
    EXPECT_GE(find(timer, "training", "callbacks", "after_batch").seconds, 2 * kLongPause);
    EXPECT_GE(find(timer, "validation", "callbacks", "after_batch").seconds, kLongPause);
    EXPECT_EQ(find(timer, "training", "callbacks", "after_batch").count, 2);
    EXPECT_EQ(find(timer, "fit", "callbacks", "after_epoch").count, 1);
    EXPECT_LT(find(timer, "training", "data loading").seconds, 2 * kLongPause);
}

TEST(EventTimer, the_seconds_add_up_to_those_of_the_fit) {
    const auto start = std::chrono::steady_clock::now();
    const auto timer = timed_fit();
    const double around = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_GE(timer.seconds(), 5 * kPause + 3 * kLongPause);
    EXPECT_LE(timer.seconds(), around);
}

TEST(EventTimer, the_table_is_aligned) {
    const std::string table = timed_fit().table();
    std::istringstream lines(table);
    std::vector<std::string> labels;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_EQ(display_width(line), 70) << line;
        labels.push_back(line.substr(0, line.find_last_not_of(' ', 23) + 1));
    }
    EXPECT_THAT(labels, ::testing::IsSupersetOf({"training", "  data loading", "  forward", "  callbacks",
                                                 "    after_batch", "validation", "fit", "total"}));
    EXPECT_THAT(table, ::testing::EndsWith("100.0 %\n"));
}

TEST(EventTimer, has_nothing_to_tell_before_a_fit) {
    EXPECT_EQ(EventTimer().seconds(), 0);
    EXPECT_TRUE(EventTimer().timings().empty());
}

}  // namespace event_timer_test
}  // namespace embark
