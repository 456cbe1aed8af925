#include "plot_parts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>

#include <nlohmann/json.hpp>

#include "../../core/error.h"

namespace embark {

using Json = nlohmann::json;

namespace {

constexpr size_t kMostPoints = 3000;
/// So few points of a curve are marked each.
constexpr int64_t kFewPoints = 40;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// How all of Embark's plots look.
Json look() {
    return Json::parse(R"json({
        "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
        "background": "white",
        "view": {"stroke": null, "continuousWidth": 640, "continuousHeight": 320},
        "axis": {"gridColor": "#e8e8e8", "domainColor": "#999", "tickColor": "#999", "labelColor": "#444",
                 "titleColor": "#222", "titleFontWeight": 500, "labelFontSize": 12, "titleFontSize": 13,
                 "titlePadding": 8, "labelFlush": false},
        "axisX": {"labelOverlap": "greedy", "labelSeparation": 8},
        "title": {"anchor": "start", "frame": "bounds", "fontSize": 16, "fontWeight": 600, "color": "#222",
                  "offset": 16, "subtitleColor": "#444", "subtitleFontSize": 12, "subtitlePadding": 6},
        "legend": {"orient": "top", "title": null, "labelFontSize": 12, "labelColor": "#222",
                   "symbolType": "stroke", "symbolStrokeWidth": 3,
                   "columns": {"expr": "max(1, floor(width / 125))"}}
    })json");
}

/// Field names of our own, since those of curves may hold what Vega-Lite takes for a path: "a.b", "a[0]".
std::string field(size_t curve) {
    return concat("y", curve);
}

/// A value, or a gap: logarithmic scales have no place for numbers of 0 and below.
double shown(double value, bool log) {
    return std::isfinite(value) && (!log || value > 0) ? value : kNone;
}

/// The chart's points that stay when every curve is thinned.
std::vector<size_t> points_of(const Chart& chart) {
    std::vector<size_t> all;
    for (const Curve& curve : chart.curves) {
        const auto kept = thinned(curve.values, kMostPoints / chart.curves.size());
        std::copy_if(kept.begin(), kept.end(), std::back_inserter(all),
                     [&](size_t i) { return !curve.sparse || std::isfinite(curve.values[i]); });
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

Json rows_of(const Chart& chart) {
    Json rows = Json::array();
    for (const size_t i : points_of(chart)) {
        Json row = {{"x", shown(chart.x[i], chart.x_axis == XAxis::log)}};
        for (size_t c = 0; c < chart.curves.size(); ++c) row[field(c)] = shown(chart.curves[c].values[i], chart.log_y);
        rows.push_back(std::move(row));
    }
    return rows;
}

/// About as many ticks as there is room for labels; no halves between whole things.
std::string tick_count(const Chart& chart) {
    if (chart.x_axis != XAxis::count || chart.x.empty()) return "width / 80";
    return concat("min(width / 80, ", std::max<int64_t>(1, std::llround(chart.x.back() - chart.x.front())), ")");
}

/// How the axis writes x, in D3's notation: "2,500" and "1.5M", so that labels stay short.
const char* x_format(const Chart& chart) {
    if (chart.x_axis == XAxis::log) return "~e";
    if (chart.x_axis == XAxis::fraction) return "~g";
    return !chart.x.empty() && chart.x.back() >= 1e5 ? "~s" : ",d";
}

Json x_encoding(const Chart& chart) {
    Json axis = {{"grid", false}, {"title", chart.x_title}, {"format", x_format(chart)}};
    Json scale = {{"nice", false}};
    if (chart.x_axis == XAxis::log) {
        scale["type"] = "log";
    } else {
        scale["zero"] = false;
        axis["tickCount"]["expr"] = tick_count(chart);
    }
    return {{"field", "x"}, {"type", "quantitative"}, {"scale", scale}, {"axis", axis}};
}

Json y_encoding(const Chart& chart, size_t curve) {
    Json scale = chart.log_y ? Json{{"type", "log"}, {"nice", false}} : Json{{"zero", false}};
    if (chart.y_max) scale["domainMax"] = *chart.y_max;
    Json title = chart.y_title.empty() ? Json() : Json(chart.y_title);
    return {{"field", field(curve)},
            {"type", "quantitative"},
            {"scale", scale},
            {"axis", {{"format", ".6~g"}, {"title", title}}}};
}

Json color_encoding(const Chart& chart, size_t curve) {
    Json names = Json::array(), colors = Json::array();
    for (const Curve& each : chart.curves) {
        names.push_back(each.name);
        colors.push_back(each.color);
    }
    Json encoding = {
        {"datum", chart.curves[curve].name}, {"type", "nominal"}, {"scale", {{"domain", names}, {"range", colors}}}};
    if (chart.curves.size() == 1) encoding["legend"] = nullptr;
    return encoding;
}

/// A filter that leaves the points of a sparse curve, so that they are joined.
Json only_points(size_t c) {
    return Json::array({{{"filter", concat("isValid(datum.", field(c), ")")}}});
}

bool has_few_points(const Curve& curve) {
    const auto is_point = [](double value) { return std::isfinite(value); };
    return std::count_if(curve.values.begin(), curve.values.end(), is_point) <= kFewPoints;
}

Json line_layer(const Chart& chart, size_t c) {
    const Curve& curve = chart.curves[c];
    Json mark = {{"type", "line"}, {"strokeWidth", curve.width}, {"strokeJoin", "round"}};
    if (chart.y_max) mark["clip"] = true;
    if (!curve.sparse && has_few_points(curve)) mark["point"] = {{"filled", true}, {"size", 45}};
    Json layer = {{"mark", mark}, {"encoding", {{"y", y_encoding(chart, c)}, {"color", color_encoding(chart, c)}}}};
    if (curve.sparse) layer["transform"] = only_points(c);
    return layer;
}

Json x_tooltip(const Chart& chart) {
    const char* format = chart.x_axis == XAxis::count ? ",d" : ".3~g";
    return {{"field", "x"}, {"type", "quantitative"}, {"title", chart.x_title}, {"format", format}};
}

Json y_tooltip(const Chart& chart, size_t c) {
    return {{"field", field(c)}, {"type", "quantitative"}, {"title", chart.curves[c].name}, {"format", ".5~g"}};
}

/// The points of a sparse curve, each with a tooltip of its own.
Json points_layer(const Chart& chart, size_t c) {
    const int size = has_few_points(chart.curves[c]) ? 60 : 15;
    return {{"transform", only_points(c)},
            {"mark", {{"type", "point"}, {"filled", true}, {"opacity", 1}, {"size", size}}},
            {"encoding",
             {{"y", y_encoding(chart, c)},
              {"color", color_encoding(chart, c)},
              {"tooltip", Json::array({x_tooltip(chart), y_tooltip(chart, c)})}}}};
}

/// A rule at the point nearest to the pointer, with the values that the curves have there.
Json hover_layer(const Chart& chart, size_t number) {
    const std::string name = concat("hover", number);
    Json hover = Json::parse(R"json({
        "mark": {"type": "rule", "color": "#888"},
        "params": [{"select": {"type": "point", "encodings": ["x"], "nearest": true, "on": "pointerover",
                               "clear": "pointerout"}}],
        "encoding": {"opacity": {"condition": {"empty": false, "value": 0.6}, "value": 0}}
    })json");
    hover["params"][0]["name"] = name;
    hover["encoding"]["opacity"]["condition"]["param"] = name;
    Json& tooltips = hover["encoding"]["tooltip"];
    tooltips.push_back(x_tooltip(chart));
    for (size_t c = 0; c < chart.curves.size(); ++c) {
        if (!chart.curves[c].sparse) tooltips.push_back(y_tooltip(chart, c));
    }
    return hover;
}

Plot finished(Json specification, Json title) {
    specification["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json";
    specification["title"] = std::move(title);
    specification["config"] = look();
    // Texts of others, as metrics' names, may not be UTF-8; a plot with a � in it is better than none.
    return Plot(specification.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::vector<size_t> thinned(const std::vector<double>& values, size_t at_most) {
    std::vector<size_t> kept;
    const size_t n = values.size(), stretches = at_most / 2;
    if (n <= at_most) {
        for (size_t i = 0; i < n; ++i) kept.push_back(i);
        return kept;
    }
    kept.push_back(0);
    for (size_t s = 0; s < stretches; ++s) {
        const size_t begin = s * n / stretches, end = (s + 1) * n / stretches;
        size_t low = begin, high = begin;
        for (size_t i = begin; i < end; ++i) {
            if (!std::isfinite(values[i])) continue;
            if (!std::isfinite(values[low]) || values[i] < values[low]) low = i;
            if (!std::isfinite(values[high]) || values[i] > values[high]) high = i;
        }
        kept.insert(kept.end(), {std::min(low, high), std::max(low, high)});
    }
    kept.push_back(n - 1);
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    return kept;
}

Json layered_view(const Chart& chart, size_t number) {
    Json layers = Json::array();
    for (size_t c = 0; c < chart.curves.size(); ++c) layers.push_back(line_layer(chart, c));
    layers.push_back(hover_layer(chart, number));
    for (size_t c = 0; c < chart.curves.size(); ++c) {
        if (chart.curves[c].sparse) layers.push_back(points_layer(chart, c));
    }
    return {
        {"data", {{"values", rows_of(chart)}}}, {"encoding", {{"x", x_encoding(chart)}}}, {"layer", std::move(layers)}};
}

Plot single_plot(const std::string& title, Json view, const std::vector<std::string>& subtitle) {
    view["width"] = "container";
    if (!view.contains("height")) view["height"] = 320;
    return finished(std::move(view), subtitle.empty() ? Json(title) : Json{{"text", title}, {"subtitle", subtitle}});
}

Plot stacked_plot(const std::string& title, const std::vector<std::string>& subtitle,
                  const std::vector<Chart>& charts) {
    Json views = Json::array();
    for (size_t i = 0; i < charts.size(); ++i) {
        Json view = layered_view(charts[i], i);
        view["title"] = {{"text", charts[i].title}, {"fontSize", 13}, {"offset", 8}};
        view["width"] = 560;
        view["height"] = charts.size() == 1 ? 240 : 140;
        // Once is enough for the title of the axis that all have.
        if (i + 1 < charts.size()) view["encoding"]["x"]["axis"]["title"] = nullptr;
        views.push_back(std::move(view));
    }
    return finished(
        {{"vconcat", std::move(views)}, {"spacing", 20}, {"resolve", {{"scale", {{"color", "independent"}}}}}},
        {{"text", title}, {"subtitle", subtitle}});
}

Plot schedule_plot(const std::vector<Chart>& charts) {
    std::vector<Chart> changing;
    std::vector<std::string> constants;
    for (const Chart& chart : charts) {
        const auto& values = chart.curves.front().values;
        if (std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) != values.end()) {
            changing.push_back(chart);
        } else if (!values.empty()) {
            constants.push_back(concat(chart.title, " = ", values.front(), " throughout"));
        }
    }
    if (changing.empty()) return stacked_plot("Schedule", {}, charts);
    return stacked_plot("Schedule", constants, changing);
}

}  // namespace embark
