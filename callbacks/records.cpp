#include "records.h"

#include "../core/error.h"
#include "../core/text.h"

namespace embark {

double Records::last(const std::string& name) const {
    require(!epochs.empty(), "Nothing was recorded yet: no epoch was finished");
    const EpochRow& row = epochs.back();
    if (name == "train_loss") return row.train_loss;
    if (name == "valid_loss") return row.valid_loss;
    for (size_t i = 0; i < metric_names.size(); ++i) {
        if (metric_names[i] == name) return row.metrics[i];
    }
    std::vector<std::string> names = {"train_loss", "valid_loss"};
    names.insert(names.end(), metric_names.begin(), metric_names.end());
    fail("Nothing is recorded under the name '", name, "'", name_hint(name, names));
}

}  // namespace embark
