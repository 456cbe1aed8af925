#include <embark/callbacks/short_epoch.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>

#include "hand_made_fit.h"
#include "test_files.h"

namespace embark {
namespace short_epoch_test {

/// How many of `n_iter` batches are done.
int64_t batches(const ShortEpochOptions& options, int64_t n_iter, bool training) {
    testing::HandMadeFit fit;
    ShortEpoch callback(options);
    fit.state.training = training;
    fit.state.n_iter = n_iter;
    const Level level = training ? Level::train : Level::validate;
    for (fit.state.iteration = 0; fit.state.iteration < n_iter; ++fit.state.iteration) {
        if (fit.leaves(level, [&] { callback.after_batch(fit.state); })) return fit.state.iteration + 1;
    }
    return n_iter;
}

TEST(ShortEpoch, ends_after_fastais_number_of_batches) {
    EXPECT_EQ(batches({}, 100, true), 2);
    EXPECT_EQ(batches({}, 1000, true), 11);
    EXPECT_EQ(batches({.pct = 0}, 100, true), 1);
    EXPECT_EQ(batches({.pct = 0.5}, 3, true), 3);
    EXPECT_EQ(batches({.pct = 1}, 3, true), 3);
}

TEST(ShortEpoch, shortens_validation_unless_told_not_to) {
    EXPECT_EQ(batches({}, 100, false), 2);
    EXPECT_EQ(batches({.short_valid = false}, 100, false), 100);
}

TEST(ShortEpoch, refuses_bad_settings) {
    EXPECT_THAT(testing::message_of<UsageError>([] { ShortEpoch({.pct = 2}); }), ::testing::HasSubstr("Invalid pct 2"));
}

}  // namespace short_epoch_test
}  // namespace embark
