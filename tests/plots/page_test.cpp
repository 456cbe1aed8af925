#include <embark/plots/page.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/plots/charts.h>
#include <nlohmann/json.hpp>

#include "test_files.h"

namespace embark {
namespace page_test {

using ::testing::HasSubstr;
using Json = nlohmann::json;

TEST(Page, holds_html_and_plots_in_the_order_they_were_added) {
    const testing::TemporaryFolder folder;
    Page page("Two & more");
    page.add_html("<h1>First</h1>");
    page.add(Plot(R"({"mark": "bar"})"));
    page.add_html("<p>between</p>");
    page.add(Plot(R"({"mark": "line"})"));
    page.save(folder.path() / "page.html");
    const std::string text = read_file(folder.path() / "page.html");
    EXPECT_THAT(text, HasSubstr("<title>Two &amp; more</title>"));
    size_t at = 0;
    for (const char* part :
         {"<h1>First</h1>", R"({"mark":"bar"})", "<p>between</p>", R"({"mark":"line"})", "</html>"}) {
        const size_t found = text.find(part, at);
        ASSERT_NE(found, std::string::npos) << part;
        at = found;
    }
}

TEST(Page, text_is_escaped_for_html) {
    EXPECT_EQ(html_escape("a < b & \"c\""), "a &lt; b &amp; &quot;c&quot;");
}

TEST(Page, a_table_scrolls_in_its_box_with_numbers_flush_right) {
    const testing::TemporaryFolder folder;
    Page page("A table");
    page.add_table({"film", "rating"}, {{"<Kolya>", "4.5 ± 0.25"}, {"12 Monkeys", ""}});
    page.save(folder.path() / "page.html");
    EXPECT_THAT(read_file(folder.path() / "page.html"),
                HasSubstr("<div class=\"table\" tabindex=\"0\"><table>\n"
                          "<tr><th>film</th><th class=\"number\">rating</th></tr>\n"
                          "<tr><td>&lt;Kolya></td><td class=\"number\">4.5 ± 0.25</td></tr>\n"
                          "<tr><td>12 Monkeys</td><td></td></tr>\n</table></div>"));
    EXPECT_THAT(testing::message_of<Error>([&] { page.add_table({"a", "b"}, {{"1"}}); }), HasSubstr("1 cells"));
}

TEST(Charts, lines_have_a_value_for_each_x) {
    const Json plot = Json::parse(
        plot_lines({1, 2}, {{"with", {0.5, 0.25}}, {"without", {0.1, 0.2}}}, {.title = "Exposure", .x_title = "round"})
            .json());
    EXPECT_EQ(plot.at("data").at("values").dump(), R"([{"x":1.0,"y0":0.5,"y1":0.1},{"x":2.0,"y0":0.25,"y1":0.2}])");
    EXPECT_THAT(testing::message_of<Error>([] { plot_lines({1, 2}, {{"short", {1}}}); }), HasSubstr("'short' has 1"));
    EXPECT_THAT(testing::message_of<Error>([] { plot_lines({1}, {}); }), HasSubstr("1 to 6 lines"));
}

TEST(Charts, bars_keep_their_order) {
    const Json plot = Json::parse(plot_bars({"b", "a"}, {2, -1}, {.x_title = "bias"}).json());
    EXPECT_EQ(plot.at("data").at("values").dump(), R"([{"name":"b","value":2.0},{"name":"a","value":-1.0}])");
    EXPECT_TRUE(plot.at("encoding").at("y").at("sort").is_null());
    EXPECT_THAT(testing::message_of<Error>([] { plot_bars({"a"}, {}); }), HasSubstr("1 names and 0 values"));
}

}  // namespace page_test
}  // namespace embark
