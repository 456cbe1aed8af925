#include "plot_records.h"

#include <algorithm>
#include <cmath>
#include <limits>
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

}  // namespace

Plot plot_loss(const Records& records, const PlotLossOptions& options) {
    require<UsageError>(options.skip_start >= 0, "Invalid skip_start ", options.skip_start, ": it must be at least 0");
    require(!records.losses.empty(), "There is no loss to plot: nothing was recorded yet");
    size_t skipped = 0;
    while (skipped < records.losses.size() && records.batch_of(skipped) < options.skip_start) ++skipped;
    if (skipped == records.losses.size()) skipped = 0;
    Chart chart = loss_chart(records, skipped, options.with_valid && has_valid_loss(records));
    chart.log_y = options.log;
    return single_plot("Loss", layered_view(chart));
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
