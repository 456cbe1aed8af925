#include <embark/learners/plot_lr_find.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>

#include "python.h"
#include "test_files.h"

namespace embark {
namespace plot_lr_find_test {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

/// A curve that falls and then rises, from 1e-7 to 10, with all four suggestions.
LrFind found() {
    std::vector<double> lrs, losses;
    for (int i = 0; i < 100; ++i) {
        lrs.push_back(std::pow(10, -7 + 8 * i / 99.0));
        losses.push_back(1 + std::tanh((40 - i) / 10.0) + std::exp((i - 85) / 4.0));
    }
    return suggest_lr(lrs, losses);
}

TEST(PlotLrFind, shows_the_curve_without_its_last_five_points) {
    const auto curve = found();
    const Json plot = Json::parse(plot_lr_find(curve).json());
    const Json& rows = plot.at("data").at("values");
    ASSERT_EQ(rows.size(), 95U);
    EXPECT_EQ(rows.back().at("x"), curve.lrs[94]);
    EXPECT_EQ(rows.back().at("y0"), curve.losses[94]);
    EXPECT_EQ(plot.at("encoding").at("x").at("scale").at("type"), "log");
}

TEST(PlotLrFind, each_suggestion_is_a_labelled_point_on_the_curve) {
    const auto curve = found();
    ASSERT_TRUE(curve.valley.lr && curve.slide.lr && curve.minimum.lr && curve.steep.lr);
    const Json plot = Json::parse(plot_lr_find(curve).json());
    const Json& points = plot.at("layer").at(1).at("data").at("values");
    ASSERT_EQ(points.size(), 4U);
    EXPECT_EQ(points.at(0).at("name"), "valley");
    EXPECT_EQ(points.at(0).at("lr"), *curve.valley.lr);
    const auto at = std::find(curve.lrs.begin(), curve.lrs.end(), *curve.valley.lr) - curve.lrs.begin();
    EXPECT_EQ(points.at(0).at("loss"), curve.losses.at(static_cast<size_t>(at)));
    EXPECT_THAT(points.at(2).at("label").get<std::string>(),
                ::testing::MatchesRegex("minimum [0-9].[0-9][0-9]e-[0-9]+"));
}

TEST(PlotLrFind, a_suggestion_that_is_not_there_is_left_out) {
    LrFind curve = found();
    curve.slide = {.reason = "the curve has 3 points"};
    EXPECT_THAT(plot_lr_find(curve).json(), Not(HasSubstr("slide")));
    EXPECT_THAT(plot_lr_find(curve).json(), HasSubstr("steep"));
    EXPECT_EQ(Json::parse(plot_lr_find(suggest_lr({1, 2}, {NAN, 3})).json()).at("layer").size(), 2U);
    EXPECT_THAT(testing::message_of<Error>([] { plot_lr_find({}); }), HasSubstr("no curve"));
}

TEST(PlotLrFind, vega_lite_draws_it) {
    EMBARK_NEEDS_PYTHON_MODULE("vl_convert");
    const testing::TemporaryFolder folder;
    plot_lr_find(found()).save(folder.path() / "all.json");
    plot_lr_find(suggest_lr({1, 2}, {NAN, 3})).save(folder.path() / "none.json");
    const auto texts = testing::run_python("check_plots.py", {folder.path() / "all.json", folder.path() / "none.json"});
    for (const char* text : {"Learning rate finder", "learning rate", "valley", "slide", "minimum", "steep"}) {
        EXPECT_THAT(texts, HasSubstr(std::string(text) + "\n"));
    }
}

}  // namespace plot_lr_find_test
}  // namespace embark
