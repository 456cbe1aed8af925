#pragma once

#include <string>
#include <vector>

#include "plot.h"

namespace embark {

/// A line of plot_lines: one value for each x; values that are not finite are gaps.
struct NamedLine {
    std::string name;            ///< in the legend
    std::vector<double> values;  ///< in the order of x
};

/// What plot_lines and plot_bars write around the data.
struct ChartOptions {
    std::string title = {};     ///< above the plot; empty: nothing
    std::string x_title = "x";  ///< at the horizontal axis
    std::string y_title = "y";  ///< at the vertical axis
};

/// Lines over one x axis of counted things, with a legend. Throws Error without lines, for other than one value an x,
/// and for more than six lines, which no one tells apart.
Plot plot_lines(const std::vector<double>& x, const std::vector<NamedLine>& lines, const ChartOptions& options = {});

/// A horizontal bar for each name, in the order given. Throws Error for other than one value a name.
Plot plot_bars(const std::vector<std::string>& names, const std::vector<double>& values,
               const ChartOptions& options = {});

}  // namespace embark
