#include "plot_records.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../../core/error.h"
#include "../../plots/detail/plot_parts.h"

namespace embark {

namespace {

constexpr const char* kValidColor = "#e07000";
constexpr const char* kBatchColor = "#a9c4ea";

/// The numbers of the batches that are recorded, counted from 1, after the first `skipped` entries.
std::vector<double> batch_numbers(const Records& records, size_t skipped = 0) {
    std::vector<double> numbers;
    for (size_t i = skipped; i < records.losses.size(); ++i) {
        numbers.push_back(static_cast<double>(records.batch_of(i) + 1));
    }
    return numbers;
}

/// Each epoch's validation loss, at the last batch of its epoch.
std::vector<double> valid_losses_by_batch(const Records& records) {
    std::vector<double> losses(records.losses.size(), kNotRecorded);
    for (const EpochRow& row : records.epochs) {
        if (row.batches < 1) continue;
        const size_t entry = records.entry_of(row.batches - 1);
        if (entry < losses.size()) losses[entry] = row.valid_loss;
    }
    return losses;
}

bool has_valid_loss(const Records& records) {
    return std::any_of(records.epochs.begin(), records.epochs.end(),
                       [](const EpochRow& row) { return !std::isnan(row.valid_loss); });
}

/// The training losses after the first `skipped` entries, and the validation losses where `with_valid`.
Chart loss_chart(const Records& records, size_t skipped, bool with_valid) {
    Chart chart{.x_title = "batches", .y_title = "loss", .x = batch_numbers(records, skipped)};
    const auto add = [&](const std::vector<double>& values, Curve curve) {
        curve.values = {values.begin() + static_cast<std::ptrdiff_t>(skipped), values.end()};
        chart.curves.push_back(std::move(curve));
    };
    add(records.losses, {.name = "batch loss", .color = kBatchColor, .width = 1});
    add(records.smooth_losses, {.name = "train_loss", .width = 2.5});
    if (with_valid) {
        add(valid_losses_by_batch(records), {.name = "valid_loss", .color = kValidColor, .width = 2.5, .sparse = true});
    }
    return chart;
}

double highest(const std::vector<double>& values) {
    double found = -std::numeric_limits<double>::infinity();
    for (const double value : values) {
        if (std::isfinite(value)) found = std::max(found, value);
    }
    return found;
}

/// Where the axis of losses should end: above the averages after the first tenth of the batches, the validation losses
/// and all but the highest fiftieth of the batches' losses. Empty where that leaves out little.
std::optional<double> axis_end(const Chart& chart) {
    const auto after_start = [](const std::vector<double>& values) {
        return std::vector<double>(values.begin() + static_cast<std::ptrdiff_t>(values.size() / 10), values.end());
    };
    std::vector<double> losses = after_start(chart.curves[0].values);
    std::erase_if(losses, [](double loss) { return !std::isfinite(loss); });
    if (losses.empty()) return {};
    const auto high = losses.begin() + static_cast<std::ptrdiff_t>(losses.size() - 1 - losses.size() / 50);
    std::nth_element(losses.begin(), high, losses.end());
    double matters = std::max(*high, highest(after_start(chart.curves[1].values)));
    if (chart.curves.size() > 2) matters = std::max(matters, highest(chart.curves[2].values));
    const double lowest = *std::min_element(losses.begin(), losses.end());
    const double end = matters + 0.1 * (matters - lowest);
    const double highest_shown = std::max(highest(chart.curves[0].values), highest(chart.curves[1].values));
    if (end <= lowest || highest_shown - lowest < 1.5 * (end - lowest)) return {};
    return end;
}

}  // namespace

Plot plot_loss(const Records& records, const PlotLossOptions& options) {
    require<UsageError>(options.skip_start >= 0, "Invalid skip_start ", options.skip_start, ": it must be at least 0");
    require(!records.losses.empty(), "There is no loss to plot: nothing was recorded yet");
    size_t skipped = 0;
    while (skipped < records.losses.size() && records.batch_of(skipped) < options.skip_start) ++skipped;
    if (skipped == records.losses.size()) skipped = 0;
    Chart chart = loss_chart(records, skipped, options.with_valid && has_valid_loss(records));
    chart.log_y = options.log;
    if (!options.log) chart.y_max = axis_end(chart);
    std::vector<std::string> note;
    if (chart.y_max) note = {concat("The axis ends below the highest losses, up to ", highest(chart.curves[0].values))};
    return single_plot("Loss", layered_view(chart), note);
}

Plot plot_schedule(const Records& records) {
    require(!records.hypers.empty(), "There are no hyper-parameters to plot: nothing was recorded yet");
    std::vector<Chart> charts;
    for (const auto& [name, values] : records.hypers) {
        charts.push_back({.title = name,
                          .x_title = "batches",
                          .x = batch_numbers(records),
                          .curves = {{.name = name, .values = values}}});
    }
    return schedule_plot(charts);
}

Plot plot_metrics(const Records& records) {
    require(!records.epochs.empty(), "There are no metrics to plot: no epoch was finished");
    std::vector<double> epochs;
    Curve train{.name = "train_loss"}, valid{.name = "valid_loss", .color = kValidColor};
    std::vector<Curve> metrics;
    for (const auto& name : records.metric_names) metrics.push_back({.name = name});
    for (const EpochRow& row : records.epochs) {
        epochs.push_back(static_cast<double>(row.epoch));
        train.values.push_back(row.train_loss);
        valid.values.push_back(row.valid_loss);
        for (size_t m = 0; m < metrics.size(); ++m) metrics[m].values.push_back(row.metrics.at(m));
    }
    std::vector<Chart> charts = {{.title = "loss", .x_title = "epoch", .x = epochs, .curves = {std::move(train)}}};
    if (has_valid_loss(records)) charts.front().curves.push_back(std::move(valid));
    for (Curve& metric : metrics) {
        charts.push_back({.title = metric.name, .x_title = "epoch", .x = epochs, .curves = {std::move(metric)}});
    }
    return stacked_plot("Metrics", {}, charts);
}

}  // namespace embark
