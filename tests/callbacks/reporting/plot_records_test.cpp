#include <embark/callbacks/reporting/plot_records.h>

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/optim/plot_schedule.h>

#include "python.h"
#include "test_files.h"

namespace embark {
namespace plot_records_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

/// Two epochs of six batches, the first without validation.
Records recorded() {
    Records records;
    records.metric_names = {"rmse", "a.b[0]"};
    for (int i = 0; i < 12; ++i) {
        records.losses.push_back(2 - 0.1 * i);
        records.smooth_losses.push_back(2 - 0.05 * i);
        records.hypers["lr"].push_back(0.001 * (i + 1));
        records.hypers["wd"].push_back(0.01);
    }
    records.epochs = {{.epoch = 0, .train_loss = 1.75, .valid_loss = NAN, .metrics = {NAN, NAN}, .batches = 6},
                      {.epoch = 1, .train_loss = 1.45, .valid_loss = 1.5, .metrics = {1.2, 0.75}, .batches = 12}};
    return records;
}

Json parsed(const Plot& plot) {
    return Json::parse(plot.json());
}

/// One column of a chart's data; nullptr for a gap.
std::vector<Json> column(const Json& chart, const std::string& field) {
    std::vector<Json> values;
    for (const Json& row : chart.at("data").at("values")) values.push_back(row.at(field));
    return values;
}

std::vector<std::string> titles(const Json& plot) {
    std::vector<std::string> all;
    for (const Json& chart : plot.at("vconcat")) all.push_back(chart.at("title").at("text"));
    return all;
}

TEST(PlotLoss, ends_the_axis_below_the_losses_of_the_start_and_says_so) {
    Records records;
    for (int i = 0; i < 200; ++i) {
        records.losses.push_back(i < 12 ? 14.5 - i : 1 + 0.001 * (i % 7));
        records.smooth_losses.push_back(i < 18 ? 14 : 1.2);
    }
    records.epochs = {{.epoch = 0, .train_loss = 1.2, .valid_loss = 1.3, .metrics = {}, .batches = 200}};
    const Json plot = parsed(plot_loss(records));
    for (const size_t curve : {0, 1, 2}) {
        const Json layer = plot.at("layer")[curve];
        EXPECT_NEAR(layer.at("encoding").at("y").at("scale").at("domainMax").get<double>(), 1.3 + 0.1 * 0.3, 1e-9);
        EXPECT_EQ(layer.at("mark").at("clip"), true);
    }
    EXPECT_EQ(plot.at("title").at("subtitle")[0], "The axis ends below the highest losses, up to 9.5");
    EXPECT_EQ(column(plot, "y0").front(), 9.5) << "the values stay in the plot's data";
    // A late rise matters, and a logarithmic axis has room for all.
    for (int i = 180; i < 200; ++i) records.losses[i] = 30;
    EXPECT_FALSE(parsed(plot_loss(records)).at("layer")[0].at("encoding").at("y").at("scale").contains("domainMax"));
    EXPECT_FALSE(parsed(plot_loss(recorded())).at("layer")[0].at("mark").contains("clip"));
}

TEST(PlotLoss, shows_each_batch_the_average_and_the_validation_loss_at_the_end_of_its_epoch) {
    const Json plot = parsed(plot_loss(recorded()));
    EXPECT_THAT(column(plot, "x"), ElementsAre(6, 7, 8, 9, 10, 11, 12));
    EXPECT_EQ(column(plot, "y0").front(), 2 - 0.1 * 5);
    EXPECT_EQ(column(plot, "y1").front(), 2 - 0.05 * 5);
    EXPECT_THAT(column(plot, "y2"), ElementsAre(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 1.5));
}

TEST(PlotLoss, skips_what_it_is_asked_to_skip_if_anything_is_left) {
    EXPECT_EQ(column(parsed(plot_loss(recorded(), {.skip_start = 11})), "x").size(), 1U);
    EXPECT_EQ(column(parsed(plot_loss(recorded(), {.skip_start = 12})), "x").size(), 12U);
    EXPECT_THAT(testing::message_of<UsageError>([] { plot_loss(recorded(), {.skip_start = -1}); }), HasSubstr("-1"));
}

TEST(PlotLoss, leaves_out_a_validation_loss_that_is_not_wanted_or_not_there) {
    Records records = recorded();
    EXPECT_FALSE(parsed(plot_loss(records, {.with_valid = false})).at("data").at("values").at(0).contains("y2"));
    records.epochs.pop_back();
    EXPECT_FALSE(parsed(plot_loss(records)).at("data").at("values").at(0).contains("y2"));
}

TEST(PlotLoss, a_logarithmic_axis_has_no_place_for_zero) {
    Records records = recorded();
    records.losses.back() = 0;
    EXPECT_EQ(column(parsed(plot_loss(records)), "y0").back(), 0);
    EXPECT_EQ(column(parsed(plot_loss(records, {.log = true})), "y0").back(), nullptr);
}

TEST(PlotLoss, a_long_recording_is_thinned) {
    Records records;
    for (int i = 0; i < 300'000; ++i) {
        records.losses.push_back(std::sin(i));
        records.smooth_losses.push_back(1.0 / (i + 1));
    }
    records.losses[100'000] = 99;
    const auto losses = column(parsed(plot_loss(records)), "y0");
    EXPECT_LE(losses.size(), 3004U);
    EXPECT_THAT(losses, ::testing::Contains(99));
}

TEST(PlotSchedule, draws_what_changes_and_names_what_does_not) {
    const Json plot = parsed(plot_schedule(recorded()));
    EXPECT_THAT(titles(plot), ElementsAre("lr"));
    EXPECT_EQ(column(plot.at("vconcat").at(0), "y0").back(), 0.001 * 12);
    EXPECT_THAT(plot.at("title").at("subtitle"), ElementsAre("wd = 0.01 throughout"));
}

TEST(PlotSchedule, draws_all_where_nothing_changes) {
    Records records = recorded();
    records.hypers.erase("lr");
    EXPECT_THAT(titles(parsed(plot_schedule(records))), ElementsAre("wd"));
}

TEST(PlotSchedule, draws_pure_functions_over_the_progress) {
    const Json plot = parsed(plot_schedule(Schedules{{"lr", sched_lin(0, 4)}, {"mom", sched_no(0.5)}}));
    EXPECT_THAT(titles(plot), ElementsAre("lr"));
    const Json& chart = plot.at("vconcat").at(0);
    EXPECT_EQ(column(chart, "x").size(), 1001U);
    EXPECT_EQ(column(chart, "x").at(250), 0.25);
    EXPECT_EQ(column(chart, "y0").at(250), 1);
    EXPECT_EQ(column(chart, "y0").back(), 4);
}

TEST(PlotMetrics, draws_the_losses_and_each_metric_over_the_epochs) {
    const Json plot = parsed(plot_metrics(recorded()));
    EXPECT_THAT(titles(plot), ElementsAre("loss", "rmse", "a.b[0]"));
    EXPECT_THAT(column(plot.at("vconcat").at(0), "y0"), ElementsAre(1.75, 1.45));
    EXPECT_THAT(column(plot.at("vconcat").at(0), "y1"), ElementsAre(nullptr, 1.5));
    EXPECT_THAT(column(plot.at("vconcat").at(2), "y0"), ElementsAre(nullptr, 0.75));
}

TEST(PlotRecords, an_empty_recording_has_nothing_to_plot) {
    EXPECT_THAT(testing::message_of<Error>([] { plot_loss({}); }), HasSubstr("nothing was recorded"));
    EXPECT_THAT(testing::message_of<Error>([] { plot_schedule(Records()); }), HasSubstr("nothing was recorded"));
    EXPECT_THAT(testing::message_of<Error>([] { plot_schedule(Schedules()); }), HasSubstr("no schedules"));
    EXPECT_THAT(testing::message_of<Error>([] { plot_metrics({}); }), HasSubstr("no epoch was finished"));
}

TEST(PlotRecords, vega_lite_draws_every_plot) {
    EMBARK_NEEDS_PYTHON_MODULE("vl_convert");
    const testing::TemporaryFolder folder;
    const std::vector<Plot> plots = {plot_loss(recorded()), plot_loss(recorded(), {.log = true}),
                                     plot_schedule(recorded()), plot_metrics(recorded()),
                                     plot_schedule(Schedules{{"mom", combined_cos(0.25, 0.95, 0.85, 0.95)}})};
    std::vector<std::filesystem::path> files;
    for (size_t i = 0; i < plots.size(); ++i) {
        files.push_back(folder.path() / (std::to_string(i) + ".json"));
        plots[i].save(files.back());
    }
    const std::string texts = testing::run_python("check_plots.py", files);
    for (const char* text : {"Loss", "batches", "batch loss", "train_loss", "valid_loss", "Schedule", "lr",
                             "wd = 0.01 throughout", "Metrics", "epoch", "rmse", "a.b[0]", "progress", "mom"}) {
        EXPECT_THAT(texts, HasSubstr(std::string(text) + "\n"));
    }
}

}  // namespace plot_records_test
}  // namespace embark
