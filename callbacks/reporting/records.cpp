#include "records.h"

#include <algorithm>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

double Records::last(const std::string& name) const {
    require(!epochs.empty(), "Nothing was recorded yet: no epoch was finished");
    const EpochRow& row = epochs.back();
    const size_t i = index(name);
    if (i == 0) return row.train_loss;
    return i == 1 ? row.valid_loss : row.metrics[i - 2];
}

std::vector<std::string> Records::names() const {
    std::vector<std::string> names = {"train_loss", "valid_loss"};
    names.insert(names.end(), metric_names.begin(), metric_names.end());
    return names;
}

Direction Records::direction(const std::string& name) const {
    const size_t i = index(name);
    return i < 2 ? Direction::lower_is_better : metric_directions[i - 2];
}

size_t Records::index(const std::string& name) const {
    const auto all = names();
    const auto found = std::find(all.begin(), all.end(), name);
    if (found == all.end()) fail("Nothing is recorded under the name '", name, "'", name_hint(name, all));
    return static_cast<size_t>(found - all.begin());
}

}  // namespace embark
