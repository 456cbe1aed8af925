#include "metric_units.h"

#include <utility>

namespace embark {

void bring_to_units(std::vector<Metric>& metrics, const Preprocessing& data) {
    for (Metric& metric : metrics) {
        if (metric.is_of_inputs()) continue;
        if (auto decode = data.target_decoder(metric.output())) metric = metric.in_units(std::move(decode));
    }
}

}  // namespace embark
