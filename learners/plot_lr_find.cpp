#include "plot_lr_find.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../plots/detail/plot_parts.h"

namespace embark {

namespace {

/// The curve's loss at a learning rate, between two of its points by the logarithm of the rate.
double loss_at(const Chart& curve, double lr) {
    const auto& lrs = curve.x;
    const auto& losses = curve.curves.front().values;
    const auto right = static_cast<size_t>(std::lower_bound(lrs.begin(), lrs.end(), lr) - lrs.begin());
    if (right == lrs.size()) return losses.back();
    if (right == 0 || lrs[right] == lr) return losses[right];
    const double part = std::log(lr / lrs[right - 1]) / std::log(lrs[right] / lrs[right - 1]);
    return losses[right - 1] + part * (losses[right] - losses[right - 1]);
}

/// A suggestion that there is, and how the plot shows it.
struct Mark {
    const char* name;
    const char* color;
    double lr;
    double loss;
};

std::vector<Mark> marks_of(const LrFind& found, const Chart& curve) {
    std::vector<Mark> marks;
    const auto add = [&](const char* name, const char* color, const LrSuggestion& suggestion) {
        if (suggestion.lr) marks.push_back({name, color, *suggestion.lr, loss_at(curve, *suggestion.lr)});
    };
    add("valley", "#e07000", found.valley);
    add("slide", "#7a3ea8", found.slide);
    add("minimum", "#2a8a4a", found.minimum);
    add("steep", "#c02a4a", found.steep);
    return marks;
}

/// "1.23e-03", the same in every locale.
std::string scientific(double number) {
    std::array<char, 32> digits;
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::scientific, 2);
    return {digits.data(), end};
}

/// Labelled points on the curve. Suggestions often lie close together, so their labels stand at different heights, by
/// turns above and below the curve.
nlohmann::json marks_layer(std::vector<Mark> marks) {
    nlohmann::json layer = nlohmann::json::parse(R"json({
        "encoding": {
            "x": {"field": "lr", "type": "quantitative"},
            "y": {"field": "loss", "type": "quantitative"},
            "color": {"field": "label", "type": "nominal", "legend": {"symbolType": "circle"}}
        },
        "layer": [{"mark": {"type": "point", "filled": true, "size": 110, "opacity": 1, "tooltip": null}}]
    })json");
    nlohmann::json& color_scale = layer["encoding"]["color"]["scale"];
    for (const Mark& mark : marks) {
        const std::string label = concat(mark.name, " ", scientific(mark.lr));
        layer["data"]["values"].push_back(
            {{"label", label}, {"name", mark.name}, {"lr", mark.lr}, {"loss", mark.loss}});
        color_scale["domain"].push_back(label);
        color_scale["range"].push_back(mark.color);
    }
    std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.lr < b.lr; });
    constexpr std::array<int, 4> kHeights = {-16, 20, -30, 34};
    for (size_t i = 0; i < marks.size(); ++i) {
        layer["layer"].push_back(
            {{"transform", nlohmann::json::array({{{"filter", concat("datum.name == '", marks[i].name, "'")}}})},
             {"mark", {{"type", "text"}, {"dy", kHeights.at(i)}, {"fontSize", 12}}},
             {"encoding", {{"text", {{"field", "name"}}}}}});
    }
    return layer;
}

}  // namespace

Plot plot_lr_find(const LrFind& found) {
    require(!found.lrs.empty() && found.lrs.size() == found.losses.size(), "There is no curve of lr_find to plot");
    constexpr size_t kSkippedEnd = 5;
    const size_t n = found.lrs.size() > kSkippedEnd ? found.lrs.size() - kSkippedEnd : found.lrs.size();
    const auto first = [n](const std::vector<double>& v) {
        return std::vector<double>(v.begin(), v.begin() + static_cast<int64_t>(n));
    };
    const Chart curve{.x_title = "learning rate",
                      .y_title = "loss",
                      .x = first(found.lrs),
                      .curves = {{.name = "loss", .values = first(found.losses)}},
                      .x_axis = XAxis::log};
    nlohmann::json view = layered_view(curve);
    if (const auto marks = marks_of(found, curve); !marks.empty()) {
        // Below the layer of the tooltips, which has to have the pointer everywhere.
        view["layer"].insert(view["layer"].begin() + 1, marks_layer(marks));
        view["resolve"] = {{"scale", {{"color", "independent"}}}};
    }
    return single_plot("Learning rate finder", std::move(view));
}

}  // namespace embark
