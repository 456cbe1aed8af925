#include <embark/callbacks/reporting/tensorboard.h>

#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <embark/callbacks/reporting/recorder.h>
#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/state_dict.h>
#include <embark/metrics/metrics.h>
#include <embark/optim/optimizer.h>

#include "python.h"
#include "test_files.h"

namespace embark {
namespace tensorboard_test {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::SizeIs;
using Json = nlohmann::json;
using Points = std::vector<std::pair<int64_t, float>>;

/// The events of fits as the recorder and TensorBoard see them, without a model.
class Fit {
public:
    explicit Fit(TensorBoard& log, size_t n_groups = 1) : log_(log) {
        std::vector<ParameterGroup> groups(n_groups);
        for (auto& group : groups) group.parameters = {{.name = "p", .tensor = torch::zeros(1)}};
        optimizer_ = adam()(std::move(groups));
        state.optimizer = optimizer_.get();
        recorder_.before_fit(state);
        log_.before_fit(state);
    }
    ~Fit() { log_.cleanup_fit(state); }

    void batch(double loss, double lr) {
        state.training = true;
        optimizer_->set_hyper("lr", lr);
        state.loss = torch::tensor(loss, torch::kDouble);
        recorder_.after_batch(state);
        log_.after_batch(state);
    }

    /// Ends an epoch that had `valid_loss` as its validation loss; none where it is NaN.
    void end_epoch(double valid_loss) {
        recorder_.before_epoch(state);
        if (!std::isnan(valid_loss)) {
            state.training = false;
            recorder_.before_validate(state);
            state.batch.inputs = {torch::zeros({1, 1})};
            state.batch.targets = {torch::zeros({1, 1})};
            state.predictions = {torch::full({1, 1}, 0.5)};
            state.loss = torch::tensor(valid_loss, torch::kDouble);
            recorder_.after_batch(state);
            log_.after_batch(state);
            recorder_.after_validate(state);
        }
        recorder_.after_epoch(state);
        log_.after_epoch(state);
    }

    TrainingState state;

private:
    TensorBoard& log_;
    Recorder recorder_{{mae()}};
    std::unique_ptr<Optimizer> optimizer_;
};

/// What TensorBoard's own reader finds in a folder.
Json read_log(const fs::path& folder) {
    const std::string output = testing::run_python("callbacks/reporting/read_tensorboard.py", {folder});
    if (!Json::accept(output)) throw std::runtime_error("TensorBoard could not read the log: " + output);
    return Json::parse(output);
}

Points points(const Json& log, const std::string& tag) {
    Points all;
    for (const Json& point : log.at("scalars").at(tag))
        all.emplace_back(point.at(0), point.at(1).is_null() ? NAN : point.at(1).get<float>());
    return all;
}

size_t count_files(const fs::path& folder) {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(TensorBoard, what_came_before_a_checkpoint_is_in_the_file_whatever_becomes_of_the_process) {
    EMBARK_NEEDS_PYTHON_MODULE("tensorboard");
    const testing::TemporaryFolder folder;
    TensorBoard log(folder.path());
    Fit fit(log);
    fit.batch(2, 0.001);
    StateDict checkpoint;
    log.save_state(checkpoint, fit.state);
    EXPECT_THAT(points(read_log(folder.path()), "batch_loss"), ElementsAre(std::pair<int64_t, float>(1, 2)));
}

TEST(TensorBoard, its_own_reader_finds_every_value_at_its_step) {
    EMBARK_NEEDS_PYTHON_MODULE("tensorboard");
    const testing::TemporaryFolder folder;
    TensorBoard log(folder.path() / "logs", {.run = "first", .text = "**Small** rates: ü"});
    std::vector<double> smooth;
    {
        Fit fit(log);
        fit.batch(2, 0.001);
        fit.batch(1, 0.002);
        fit.end_epoch(0.75);
        fit.batch(NAN, 0.003);
        fit.end_epoch(NAN);
        smooth = fit.state.records.smooth_losses;
    }
    const Json read = read_log(folder.path() / "logs" / "first");
    const auto scalars = read.at("scalars").get<std::map<std::string, Json>>();
    EXPECT_THAT(scalars, ElementsAre(Key("batch_loss"), Key("eps"), Key("lr"), Key("mae"), Key("mom"), Key("sqr_mom"),
                                     Key("train_loss"), Key("valid_loss"), Key("wd")));
    EXPECT_EQ(points(read, "lr"), (Points{{1, 0.001F}, {2, 0.002F}, {3, 0.003F}}));
    EXPECT_EQ(points(read, "valid_loss"), (Points{{2, 0.75F}}));
    EXPECT_EQ(points(read, "mae"), (Points{{2, 0.5F}}));
    EXPECT_EQ(points(read, "train_loss").at(1), (std::pair<int64_t, float>(2, static_cast<float>(smooth[1]))));
    EXPECT_EQ(points(read, "batch_loss").at(1), (std::pair<int64_t, float>(2, 1)));
    EXPECT_TRUE(std::isnan(points(read, "batch_loss").at(2).second));
    EXPECT_EQ(read.at("texts").at("text").dump(), R"([[0,"**Small** rates: ü"]])");
}

TEST(TensorBoard, a_second_fit_goes_on_in_a_file_of_its_own) {
    EMBARK_NEEDS_PYTHON_MODULE("tensorboard");
    const testing::TemporaryFolder folder;
    TensorBoard log(folder.path());
    for (const double loss : {3.0, 4.0}) {
        Fit fit(log);
        fit.batch(loss, 0.001);
        fit.batch(loss, 0.001);
    }
    EXPECT_EQ(count_files(folder.path()), 2U);
    EXPECT_EQ(points(read_log(folder.path()), "batch_loss"), (Points{{1, 3}, {2, 3}, {3, 4}, {4, 4}}));
}

TEST(TensorBoard, writes_every_so_many_batches) {
    EMBARK_NEEDS_PYTHON_MODULE("tensorboard");
    const testing::TemporaryFolder folder;
    TensorBoard log(folder.path(), {.every = 3});
    {
        Fit fit(log);
        for (int i = 1; i <= 20'000; ++i) fit.batch(i, 0.001);
        fit.end_epoch(0.5);
    }
    const Json read = read_log(folder.path());
    const Points losses = points(read, "batch_loss");
    ASSERT_EQ(losses.size(), 6666U);
    for (size_t i = 0; i < losses.size(); ++i) ASSERT_EQ(losses[i], (std::pair<int64_t, float>(3 * i + 3, 3 * i + 3)));
    EXPECT_EQ(points(read, "valid_loss"), (Points{{20'000, 0.5F}}));
}

TEST(TensorBoard, parameter_groups_have_values_of_their_own) {
    EMBARK_NEEDS_PYTHON_MODULE("tensorboard");
    const testing::TemporaryFolder folder;
    TensorBoard log(folder.path());
    {
        Fit fit(log, 2);
        fit.batch(1, 0.25);
    }
    const Json read = read_log(folder.path());
    EXPECT_EQ(points(read, "lr_0"), (Points{{1, 0.25F}}));
    EXPECT_EQ(points(read, "lr_1"), (Points{{1, 0.25F}}));
    EXPECT_FALSE(read.at("scalars").contains("lr"));
}

TEST(TensorBoard, what_an_epoch_brought_is_in_the_file_when_it_ends) {
    const testing::TemporaryFolder folder;
    TensorBoard log(folder.path());
    Fit fit(log);
    fit.batch(1, 0.001);
    fit.end_epoch(0.5);
    const std::string content = read_file(*fs::directory_iterator(folder.path()));
    EXPECT_THAT(content, HasSubstr("batch_loss"));
    EXPECT_THAT(content, HasSubstr("valid_loss"));
}

TEST(TensorBoard, a_resumed_fit_goes_on_at_the_checkpoint_and_what_came_after_it_is_dropped) {
    EMBARK_NEEDS_PYTHON_MODULE("tensorboard");
    const testing::TemporaryFolder folder;
    StateDict saved;
    {
        TensorBoard interrupted(folder.path());
        Fit fit(interrupted);
        fit.batch(1, 0.1);
        fit.batch(1, 0.2);
        interrupted.save_state(saved, fit.state);
        fit.batch(1, 0.3);
        fit.batch(1, 0.4);
    }
    const auto load = [&](Position::Phase phase, double lr) {
        TensorBoard resumed(folder.path());
        Fit fit(resumed);
        fit.state.resume({.phase = phase});
        resumed.load_state(saved, fit.state);
        if (lr > 0) fit.batch(1, lr);
    };
    load(Position::Phase::finished, 0);
    EXPECT_EQ(points(read_log(folder.path()), "lr"), (Points{{1, 0.1F}, {2, 0.2F}, {3, 0.3F}, {4, 0.4F}}));
    load(Position::Phase::training, 0.5);
    EXPECT_EQ(points(read_log(folder.path()), "lr"), (Points{{1, 0.1F}, {2, 0.2F}, {3, 0.5F}}));
}

TEST(TensorBoard, says_before_the_fit_where_it_cannot_write) {
    const testing::TemporaryFolder folder;
    folder.write("file", "");
    TensorBoard log(folder.path() / "file" / "logs");
    TrainingState state;
    EXPECT_THAT(
        testing::message_of<Error>([&] { log.before_fit(state); }),
        AllOf(HasSubstr("Cannot write TensorBoard's log"), HasSubstr("file/logs"), HasSubstr("Not a directory")));
    EXPECT_THAT(testing::message_of<UsageError>([] { TensorBoard(""); }), HasSubstr("no folder"));
    EXPECT_THAT(testing::message_of<UsageError>([] { TensorBoard("logs", {.every = 0}); }), HasSubstr("every 0"));
}

}  // namespace tensorboard_test
}  // namespace embark
