#include "plot_schedule.h"

#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../plots/detail/plot_parts.h"

namespace embark {

Plot plot_schedule(const Schedules& schedules) {
    require(!schedules.empty(), "plot_schedule was given no schedules");
    constexpr int kSteps = 1000;
    std::vector<Chart> charts;
    for (const auto& [name, schedule] : schedules) {
        Chart chart{.title = name, .x_title = "progress", .curves = {{.name = name}}, .x_axis = XAxis::fraction};
        for (int i = 0; i <= kSteps; ++i) {
            chart.x.push_back(static_cast<double>(i) / kSteps);
            chart.curves.front().values.push_back(schedule(chart.x.back()));
        }
        charts.push_back(std::move(chart));
    }
    return schedule_plot(charts);
}

}  // namespace embark
