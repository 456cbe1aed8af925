#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <embark/data/collab/interactions.h>
#include <embark/metrics/top_k_metrics.h>

namespace embark::tools {

/// What --positives says: ">=4", ">3.5" or "4". Throws UsageError for another form.
Positives positives_of(const std::string& rule);

/// Prints figures as a table, a row each by its name, with the metrics of the list as columns.
void show_figures(const std::string& metrics,
                  const std::vector<std::pair<std::string, std::map<std::string, double>>>& rows, int64_t users);

}  // namespace embark::tools
