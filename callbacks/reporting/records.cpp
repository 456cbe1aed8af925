#include "records.h"

#include <algorithm>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

namespace {

/// Drops every other value.
void thin(std::vector<double>& values) {
    for (size_t i = 0; 2 * i < values.size(); ++i) values[i] = values[2 * i];
    values.resize((values.size() + 1) / 2);
}

}  // namespace

void Records::add_batch(double loss, double smooth_loss, const std::map<std::string, double>& hyper) {
    const bool last_stays = n_batches == 0 || (n_batches - 1) % stride == 0;
    const auto add = [&](std::vector<double>& values, double value) {
        if (!last_stays) values.pop_back();
        values.push_back(value);
    };
    add(losses, loss);
    add(smooth_losses, smooth_loss);
    for (const auto& [name, value] : hyper) add(hypers[name], value);
    ++n_batches;
    // Then the last entry is at an even place, and stays.
    if (std::ssize(losses) <= kMaxRecordedBatches) return;
    thin(losses);
    thin(smooth_losses);
    for (auto& [name, values] : hypers) thin(values);
    stride *= 2;
}

int64_t Records::batch_of(size_t i) const {
    return n_batches > 0 && i + 1 == losses.size() ? n_batches - 1 : static_cast<int64_t>(i) * stride;
}

size_t Records::entry_of(int64_t batch) const {
    const auto entry = static_cast<size_t>(batch / stride);
    return n_batches > 0 && batch == n_batches - 1 ? losses.size() - 1 : entry;
}

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
