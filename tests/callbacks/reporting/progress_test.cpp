#include <embark/callbacks/reporting/progress.h>

#include <cstdio>
#include <limits>
#include <regex>

#include <gtest/gtest.h>

#include <embark/callbacks/training_state.h>
#include <embark/core/file.h>

#include "test_files.h"

namespace embark {
namespace progress_test {

/// What Progress writes to a file, which is no terminal, for two epochs and a stop.
std::string written(const std::string& stop_reason) {
    const testing::TemporaryFolder folder;
    const auto path = folder.path() / "log";
    std::FILE* stream = std::fopen(path.c_str(), "w");
    Progress progress({.stream = stream});
    TrainingState state;
    state.n_epoch = 2;
    state.enter(Level::fit);
    state.records.metric_names = {"rmse"};
    progress.before_fit(state);
    state.records.epochs.push_back({0, 1.25, 0.875, {0.935414}, 0.5, 0.125});
    progress.after_batch(state);
    progress.after_epoch(state);
    state.records.epochs.push_back({1, 0.5, std::numeric_limits<double>::quiet_NaN(), {0.25}, 60, 67});
    progress.after_epoch(state);
    if (!stop_reason.empty()) state.cancel(Level::fit, stop_reason);
    progress.after_fit(state);
    progress.cleanup_fit(state);
    std::fclose(stream);
    return read_file(path);
}

TEST(Progress, writes_plain_lines_where_there_is_no_terminal) {
    EXPECT_EQ(written(""),
              "epoch  train_loss  valid_loss  rmse        time\n"
              "0      1.250000    0.875000    0.935414    0.62 s\n"
              "1      0.500000    -           0.250000    02:07\n");
}

TEST(Progress, a_long_epoch_has_lines_that_say_what_is_left_where_there_is_no_terminal) {
    const testing::TemporaryFolder folder;
    const auto path = folder.path() / "log";
    std::FILE* stream = std::fopen(path.c_str(), "w");
    Progress progress({.stream = stream, .line_seconds = 0});
    TrainingState state;
    state.n_epoch = 3;
    state.enter(Level::fit);
    progress.before_fit(state);
    state.epoch = 1;
    state.n_iter = 50;
    for (const int64_t batch : {9, 19}) {
        state.iteration = batch;
        state.pct_train = (50. + static_cast<double>(batch)) / 150;
        progress.after_batch(state);
    }
    state.training = false;
    state.n_iter = 7;
    state.iteration = 2;
    progress.after_batch(state);
    std::fclose(stream);
    const std::string lines = read_file(path);
    // Before the second batch nothing is known of the pace.
    EXPECT_TRUE(std::regex_match(lines, std::regex(R"(epoch .*time
epoch 1: batch 20 of 50, about \d+\.\d\d s left of the fit
epoch 1: validation batch 3 of 7, about \d+\.\d\d s left of the fit
)"))) << lines;
}

TEST(Progress, the_last_line_says_why_a_fit_was_stopped) {
    EXPECT_TRUE(written("the loss is not a number").ends_with("\nStopped: the loss is not a number\n"));
}

}  // namespace progress_test
}  // namespace embark
