#include <embark/plots/plot.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/plots/detail/plot_parts.h>

#include "test_files.h"

namespace embark {
namespace plot_test {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::json;

size_t count(const std::string& text, const std::string& part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

/// The specification that a page holds, read as a browser reads it: up to the end of its script element.
Json specification_in(const std::string& page) {
    const std::string start = "<script type=\"application/json\">";
    const size_t begin = page.find(start) + start.size();
    return Json::parse(page.substr(begin, page.find("</script", begin) - begin));
}

TEST(Plot, takes_json_objects_alone) {
    EXPECT_EQ(Plot(R"({"mark": "bar"})").json(), R"({"mark":"bar"})");
    EXPECT_THAT(testing::message_of<Error>([] { Plot("[1]"); }), HasSubstr("JSON object"));
    EXPECT_THAT(testing::message_of<Error>([] { Plot("{\"mark\": "); }), HasSubstr("JSON object"));
}

TEST(Plot, is_saved_as_a_specification_or_as_a_page) {
    const testing::TemporaryFolder folder;
    const Plot plot(R"({"title": "Loss", "mark": "bar"})");
    plot.save(folder.path() / "plot.json");
    plot.save(folder.path() / "plot.vl.json");
    plot.save(folder.path() / "plot.html");
    EXPECT_EQ(read_file(folder.path() / "plot.json"), plot.json() + "\n");
    EXPECT_EQ(read_file(folder.path() / "plot.vl.json"), plot.json() + "\n");
    const std::string page = read_file(folder.path() / "plot.html");
    EXPECT_THAT(page, HasSubstr("<title>Loss</title>"));
    EXPECT_EQ(specification_in(page).dump(), plot.json());
    EXPECT_THAT(testing::message_of<UsageError>([&] { plot.save("plot.png"); }), HasSubstr(".html or .json"));
}

TEST(Plot, a_page_needs_no_network_where_the_build_has_vega) {
    const testing::TemporaryFolder folder;
    Plot("{}").save(folder.path() / "plot.html");
    const std::string page = read_file(folder.path() / "plot.html");
    if (count(page, "<script src=") == 3) GTEST_SKIP() << "this build's pages load Vega from a public server";
    EXPECT_EQ(count(page, "<script src="), 0U);
    EXPECT_THAT(page, HasSubstr("window.vegaEmbed="));
    EXPECT_THAT(page, HasSubstr("University of Washington Interactive Data Lab"));
}

TEST(Plot, texts_cannot_leave_their_place_in_a_page) {
    const testing::TemporaryFolder folder;
    const std::string text = "</script><!-- <b>\"a\" & 'b'</title>";
    Plot(Json{{"title", {{"text", text}}}, {"name", text}}.dump()).save(folder.path() / "plot.html");
    Plot("{}").save(folder.path() / "empty.html");
    const std::string page = read_file(folder.path() / "plot.html");
    EXPECT_EQ(count(page, "</script"), count(read_file(folder.path() / "empty.html"), "</script"));
    EXPECT_EQ(count(page, "</title"), 1U);
    EXPECT_EQ(count(page, "<!--"), 0U);
    EXPECT_THAT(page, HasSubstr("<title>&lt;/script>&lt;!-- &lt;b>&quot;a&quot; &amp; 'b'&lt;/title></title>"));
    EXPECT_EQ(specification_in(page).at("name"), text);
}

TEST(Plot, thinning_keeps_ends_and_extremes) {
    EXPECT_THAT(thinned({3, 1, 2}, 4), ElementsAre(0, 1, 2));
    std::vector<double> values(1'000'000);
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));
    values[123'456] = 50;
    values[654'321] = -50;
    const auto kept = thinned(values, 1000);
    EXPECT_THAT(kept, SizeIs(::testing::AllOf(::testing::Ge(1000U), ::testing::Le(1002U))));
    EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
    for (const size_t expected : {0, 123'456, 654'321, 999'999}) EXPECT_THAT(kept, Contains(expected));
}

TEST(Plot, thinning_keeps_gaps_of_the_width_of_a_stretch) {
    std::vector<double> values(1000, 1);
    std::fill(values.begin() + 500, values.begin() + 600, NAN);
    values[10] = NAN;
    const auto kept = thinned(values, 100);
    const auto in_gap = [](size_t i) { return i >= 500 && i < 600; };
    EXPECT_EQ(std::count_if(kept.begin(), kept.end(), in_gap), 5);
    EXPECT_THAT(kept, ::testing::Not(Contains(10)));
}

TEST(Plot, values_that_are_no_numbers_are_gaps) {
    const Json view =
        layered_view({.x_title = "x", .x = {1, 2, 3}, .curves = {{.name = "y", .values = {1, NAN, INFINITY}}}});
    EXPECT_EQ(view.at("data").at("values").dump(), R"([{"x":1.0,"y0":1.0},{"x":2.0,"y0":null},{"x":3.0,"y0":null}])");
}

TEST(Plot, a_name_that_is_not_utf8_does_not_spoil_the_plot) {
    const Chart chart{.title = "caf\xe9", .x = {1}, .curves = {{.values = {1}}}};
    EXPECT_THAT(stacked_plot("Metrics", {}, {chart}).json(), HasSubstr("caf\xef\xbf\xbd"));
}

}  // namespace plot_test
}  // namespace embark
