#include "experiment.h"

#include <algorithm>

#include <torch/torch.h>

#include <embark/callbacks/reporting/plot_records.h>
#include <embark/core/error.h>
#include <embark/core/text.h>

namespace embark::course {

namespace {

/// The numbers as Python's torch shows them: "[6, 70]", a row of a matrix a line.
std::string tensor_text(const at::Tensor& value) {
    if (value.dim() == 0) return concat(value.item<double>());
    std::vector<std::string> parts;
    for (int64_t i = 0; i < value.size(0); ++i) parts.push_back(tensor_text(value[i]));
    return concat("[", join(parts, value.dim() == 1 ? ", " : ",\n "), "]");
}

}  // namespace

void Result::step(std::string title, const at::Tensor& value) {
    step(std::move(title), tensor_text(value));
}

void Result::assert_equal(const std::string& what, const at::Tensor& a, const at::Tensor& b, const std::string& whose) {
    const double difference = (a.to(torch::kDouble) - b.to(torch::kDouble)).abs().max().item<double>();
    require(difference <= 1e-6, "Not equal: ", what, "; they differ by ", difference);
    step(what, concat("equal: the largest difference is ", difference));
    check({what, Relation::at_most, difference, 0, whose, 1e-6});
}

void Result::training(const Records& records, const std::vector<double>& notes_train,
                      const std::vector<double>& notes_valid, const std::string& title) {
    Grid grid{title, "epoch", {}, {{"train_loss", {}, notes_train}, {"valid_loss", {}, notes_valid}}};
    for (const auto& name : records.metric_names) grid.columns.push_back({name});
    for (const EpochRow& row : records.epochs) {
        grid.rows.push_back(std::to_string(row.epoch));
        grid.columns[0].values.push_back(row.train_loss);
        grid.columns[1].values.push_back(row.valid_loss);
        for (size_t i = 0; i < row.metrics.size(); ++i) grid.columns[2 + i].values.push_back(row.metrics[i]);
    }
    grid.plots = {plot_loss(records), plot_schedule(records)};
    grids.push_back(std::move(grid));
}

std::vector<std::string> Experiment::sources() const {
    std::vector<std::string> files = {name + ".cpp"};
    std::replace(files.front().begin(), files.front().end(), '-', '_');
    files.insert(files.end(), more_sources.begin(), more_sources.end());
    return files;
}

}  // namespace embark::course
