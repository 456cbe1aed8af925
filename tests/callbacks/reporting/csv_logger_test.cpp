#include <embark/callbacks/reporting/csv_logger.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/state_dict.h>
#include <embark/data/csv/csv.h>
#include <embark/data/table/table.h>

#include "../hand_made_fit.h"
#include "test_files.h"

namespace embark {
namespace csv_logger_test {

using ::testing::AllOf;
using testing::HandMadeFit;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

const std::string kHeader = "epoch,train_loss,valid_loss,rmse,accuracy,time\n";

void begin(CSVLogger& callback, HandMadeFit& fit) {
    callback.before_fit(fit.state);
    callback.before_epoch(fit.state);
}

/// A fit with an epoch for each loss.
void log_fit(const CSVLoggerOptions& options, const std::vector<double>& losses) {
    HandMadeFit fit;
    CSVLogger callback(options);
    begin(callback, fit);
    for (const double loss : losses) fit.epoch(callback, loss, 0.5);
    callback.after_fit(fit.state);
    callback.cleanup_fit(fit.state);
}

TEST(CSVLogger, writes_a_row_an_epoch_at_once) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "history.csv";
    HandMadeFit fit;
    CSVLogger callback({.path = path});
    begin(callback, fit);
    EXPECT_EQ(read_file(path), kHeader);
    fit.epoch(callback, 0.75, 0.5);
    EXPECT_EQ(read_file(path), kHeader + "0,0.75,0.75,0.75,0.5,0\n");
    fit.state.records.epochs.push_back({.epoch = 1, .train_loss = 0.25, .valid_loss = 0.5, .metrics = {1, 2}});
    fit.state.records.epochs.back().train_seconds = 1.5;
    fit.state.records.epochs.back().valid_seconds = 0.25;
    callback.after_epoch(fit.state);
    EXPECT_EQ(read_file(path), kHeader + "0,0.75,0.75,0.75,0.5,0\n1,0.25,0.5,1,2,1.75\n");
}

TEST(CSVLogger, is_made_of_a_path_alone_too) {
    const TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "fit.csv";
    HandMadeFit fit;
    begin(*csv_logger(path), fit);
    EXPECT_EQ(read_file(path), kHeader);
    EXPECT_EQ(csv_logger("fit.csv")->name(), "csv_logger");
}

TEST(CSVLogger, numbers_read_back_exactly) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "history.csv";
    const std::vector<double> losses = {1.0 / 3, 5e-324, 1.7976931348623157e308, 0.1 + 0.2};
    log_fit({.path = path}, losses);
    EXPECT_TRUE(read_csv(path).numbers("valid_loss").equal(torch::tensor(losses, at::kDouble)));
}

TEST(CSVLogger, what_is_not_a_number_is_left_empty) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "history.csv";
    log_fit({.path = path}, {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()});
    EXPECT_EQ(read_file(path), kHeader + "0,,,,0.5,0\n1,inf,inf,inf,0.5,0\n");
}

TEST(CSVLogger, names_of_metrics_are_quoted_where_they_must_be) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "history.csv";
    HandMadeFit fit;
    fit.state.records.metric_names = {"a,b", "say \"so\""};
    CSVLogger callback({.path = path});
    begin(callback, fit);
    EXPECT_EQ(read_file(path), "epoch,train_loss,valid_loss,\"a,b\",\"say \"\"so\"\"\",time\n");
}

TEST(CSVLogger, a_later_fit_begins_the_file_anew_or_appends) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "history.csv";
    log_fit({.path = path}, {1, 2});
    log_fit({.path = path}, {3});
    EXPECT_EQ(read_file(path), kHeader + "0,3,3,3,0.5,0\n");
    log_fit({.path = path, .append = true}, {4});
    EXPECT_EQ(read_file(path), kHeader + "0,3,3,3,0.5,0\n0,4,4,4,0.5,0\n");
    log_fit({.path = path}, {});
    EXPECT_EQ(read_file(path), kHeader);
}

TEST(CSVLogger, a_fit_without_an_epoch_writes_the_header) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "history.csv";
    HandMadeFit fit;
    CSVLogger callback({.path = path});
    callback.before_fit(fit.state);
    callback.after_fit(fit.state);
    EXPECT_EQ(read_file(path), kHeader);
}

TEST(CSVLogger, other_columns_are_not_appended_to) {
    const TemporaryFolder folder;
    const auto path = folder.write("history.csv", "epoch,loss\n0,1\n");
    HandMadeFit fit;
    EXPECT_THAT(message_of<Error>([&] { CSVLogger({.path = path, .append = true}).before_fit(fit.state); }),
                AllOf(HasSubstr("its first line is 'epoch,loss'"), HasSubstr("rmse,accuracy,time")));
    EXPECT_EQ(read_file(path), "epoch,loss\n0,1\n");
}

TEST(CSVLogger, what_cannot_be_written_is_said_before_the_fit) {
    const TemporaryFolder folder;
    HandMadeFit fit;
    EXPECT_THAT(message_of<Error>([&] { CSVLogger({.path = folder.path() / "no" / "x.csv"}).before_fit(fit.state); }),
                AllOf(HasSubstr("Cannot write"), HasSubstr("x.csv: No such file or directory")));
    EXPECT_THAT(message_of<Error>([&] { CSVLogger({.path = folder.path()}).before_fit(fit.state); }),
                HasSubstr("Is a directory"));
    if (access("/dev/full", W_OK) == 0) {
        CSVLogger callback({.path = "/dev/full"});
        EXPECT_THAT(message_of<Error>([&] { begin(callback, fit); }), HasSubstr("Cannot write /dev/full"));
    }
}

/// A file of a fit of four epochs that was interrupted after `written` of them, with its checkpoint after the second.
std::string resumed(bool append, size_t written) {
    const TemporaryFolder folder;
    const CSVLoggerOptions options{.path = folder.path() / "history.csv", .append = append};
    if (append) log_fit(options, {7});
    StateDict saved;
    HandMadeFit fit;
    {
        CSVLogger callback(options);
        begin(callback, fit);
        for (size_t epoch = 0; epoch < written; ++epoch) {
            // Rows after the checkpoint are longer than those that take their place.
            fit.epoch(callback, static_cast<double>(epoch), epoch < 2 ? 0.5 : 1.0 / 3);
            if (epoch == 1) callback.save_state(saved, fit.state);
        }
    }
    fit.state.records.epochs.resize(2);
    CSVLogger callback(options);
    callback.before_fit(fit.state);
    callback.load_state(saved, fit.state);
    for (const double loss : {2, 3}) {
        callback.before_epoch(fit.state);
        fit.epoch(callback, loss, 0.5);
    }
    callback.after_fit(fit.state);
    callback.cleanup_fit(fit.state);
    return read_file(options.path);
}

TEST(CSVLogger, a_fit_that_is_resumed_goes_on_with_the_file) {
    const std::string rows = "0,0,0,0,0.5,0\n1,1,1,1,0.5,0\n2,2,2,2,0.5,0\n3,3,3,3,0.5,0\n";
    for (const size_t written : {2, 3, 4}) {
        EXPECT_EQ(resumed(false, written), kHeader + rows) << written;
        EXPECT_EQ(resumed(true, written), kHeader + "0,7,7,7,0.5,0\n" + rows) << written;
    }
}

TEST(CSVLogger, a_file_that_lost_rows_since_the_checkpoint_is_refused) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "history.csv";
    HandMadeFit fit;
    CSVLogger callback({.path = path});
    begin(callback, fit);
    fit.epoch(callback, 1);
    StateDict saved;
    callback.save_state(saved, fit.state);
    std::filesystem::resize_file(path, 10);
    EXPECT_THAT(message_of<Error>([&] { callback.load_state(saved, fit.state); }), HasSubstr("has 10 bytes, but had"));
}

}  // namespace csv_logger_test
}  // namespace embark
