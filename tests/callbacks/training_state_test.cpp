#include <embark/callbacks/training_state.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace training_state_test {

TEST(TrainingState, a_level_is_left_with_those_inside_it) {
    TrainingState state;
    for (const auto level : {Level::fit, Level::epoch, Level::train, Level::batch}) state.enter(level);
    state.cancel(Level::epoch);
    EXPECT_FALSE(state.cancelled(Level::fit));
    EXPECT_TRUE(state.cancelled(Level::epoch));
    EXPECT_TRUE(state.cancelled(Level::train));
    EXPECT_TRUE(state.cancelled(Level::batch));
    EXPECT_FALSE(state.leave(Level::batch));
    EXPECT_FALSE(state.leave(Level::train));
    EXPECT_TRUE(state.leave(Level::epoch));
    EXPECT_FALSE(state.cancelled(Level::epoch));
}

TEST(TrainingState, levels_beside_one_another_do_not_end_one_another) {
    TrainingState state;
    for (const auto level : {Level::fit, Level::epoch, Level::train}) state.enter(level);
    state.cancel(Level::train);
    EXPECT_FALSE(state.cancelled(Level::validate));
    state.enter(Level::batch);
    state.enter(Level::backward);
    state.leave(Level::train);
    state.cancel(Level::backward);
    EXPECT_FALSE(state.cancelled(Level::step));
}

TEST(TrainingState, a_level_that_is_not_running_cannot_be_left) {
    TrainingState state;
    state.enter(Level::fit);
    EXPECT_THAT(testing::message_of<Error>([&] { state.cancel(Level::step); }), ::testing::HasSubstr("'step'"));
}

TEST(TrainingState, after_an_epoch_that_was_to_be_left_the_next_one_trains_from_its_start) {
    for (const auto phase : {Position::Phase::training, Position::Phase::validation}) {
        TrainingState state;
        state.enter(Level::fit);
        state.resume({.epoch = 1, .phase = phase, .iteration = 3, .cancelled = {Level::epoch}});
        EXPECT_FALSE(state.enter(Level::epoch));
        EXPECT_TRUE(state.leave(Level::epoch));
        EXPECT_TRUE(state.enter(Level::epoch));
        EXPECT_FALSE(state.resumes(Level::train));
        EXPECT_FALSE(state.was_over(Level::train));
        EXPECT_TRUE(state.enter(Level::train));
    }
}

TEST(TrainingState, the_first_reason_to_stop_stays) {
    TrainingState state;
    state.enter(Level::fit);
    state.cancel(Level::fit, "the loss is not a number");
    state.cancel(Level::fit, "asked to stop");
    EXPECT_EQ(state.stop_reason(), "the loss is not a number");
}

}  // namespace training_state_test
}  // namespace embark
