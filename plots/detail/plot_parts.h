#pragma once

// The pieces that Embark's own plots are made of; not installed.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "../plot.h"

namespace embark {

/// A line of a chart; one value for each of the chart's x, not finite where it is missing.
struct Curve {
    std::string name = {};
    std::vector<double> values = {};
    std::string color = "#2a5cbb";
    double width = 2;
    /// Has values at a few x alone, which are joined; otherwise x without a value are gaps.
    bool sparse = false;
};

/// What x counts: whole things (1, 2, … 10k), a part of a whole (0 to 1), or a number on a logarithmic scale.
enum class XAxis { count, fraction, log };

/// Curves over one x axis.
struct Chart {
    /// Empty where the plot's own title says all.
    std::string title = {};
    std::string x_title = {};
    std::string y_title = {};
    std::vector<double> x = {};
    std::vector<Curve> curves = {};
    XAxis x_axis = XAxis::count;
    bool log_y = false;
    /// Where the y axis ends, and curves are cut off; empty for the highest value.
    std::optional<double> y_max = {};
};

/// About `at_most` indices into `values`, ascending: every one where there are no more, else the lowest and the
/// highest finite value of each of as many stretches as fit, and the first and the last value. A stretch without a
/// finite value keeps one, which is a gap.
std::vector<size_t> thinned(const std::vector<double>& values, size_t at_most);

/// The chart as a layered view, thinned, with a legend where there are several curves and tooltips that follow the
/// pointer. More layers can be added to its "layer". `number` tells the charts of one plot apart.
nlohmann::json layered_view(const Chart& chart, size_t number = 0);

/// The plot of one view, as wide as its page and, unless it says otherwise, 320 points high; with lines of text below
/// the title.
Plot single_plot(const std::string& title, nlohmann::json view, const std::vector<std::string>& subtitle = {});

/// Charts over the same x axis, below one another, all as wide; with lines of text below the title.
Plot stacked_plot(const std::string& title, const std::vector<std::string>& subtitle, const std::vector<Chart>& charts);

/// A chart for each hyper-parameter. Those that never change are named below the title instead, unless that is true of
/// all.
Plot schedule_plot(const std::vector<Chart>& charts);

}  // namespace embark
