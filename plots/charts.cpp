#include "charts.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "detail/plot_parts.h"

namespace embark {

Plot plot_lines(const std::vector<double>& x, const std::vector<NamedLine>& lines, const ChartOptions& options) {
    static const std::vector<std::string> colors = {"#2a5cbb", "#d1602b", "#2f8f4e", "#8a4fbf", "#b8860b", "#555555"};
    require(!lines.empty() && lines.size() <= colors.size(), "A plot of lines needs from 1 to ", colors.size(),
            " lines, not ", lines.size());
    Chart chart{.x_title = options.x_title, .y_title = options.y_title, .x = x};
    for (const NamedLine& line : lines) {
        require(line.values.size() == x.size(), "Line '", line.name, "' has ", line.values.size(), " values for ",
                x.size(), " x");
        chart.curves.push_back({.name = line.name, .values = line.values, .color = colors[chart.curves.size()]});
    }
    return single_plot(options.title, layered_view(chart));
}

Plot plot_bars(const std::vector<std::string>& names, const std::vector<double>& values, const ChartOptions& options) {
    require(names.size() == values.size(), "A plot of bars was given ", names.size(), " names and ", values.size(),
            " values; it needs one a name");
    using Json = nlohmann::json;
    Json data = Json::array();
    for (size_t i = 0; i < names.size(); ++i) {
        data.push_back({{"name", names[i]}, {"value", std::isfinite(values[i]) ? Json(values[i]) : Json()}});
    }
    // A name that stands twice has one bar; `sort: null` keeps the order of the data.
    const Json name = {
        {"field", "name"}, {"type", "nominal"}, {"sort", nullptr}, {"axis", {{"title", nullptr}, {"labelLimit", 170}}}};
    const Json value = {{"field", "value"}, {"type", "quantitative"}, {"axis", {{"title", options.x_title}}}};
    Json view = {{"data", {{"values", data}}},
                 {"height", {{"step", 20}}},
                 {"mark", {{"type", "bar"}, {"color", "#2a5cbb"}}},
                 {"encoding", {{"y", name}, {"x", value}, {"tooltip", {{{"field", "name"}}, {{"field", "value"}}}}}}};
    return single_plot(options.title, std::move(view));
}

}  // namespace embark
