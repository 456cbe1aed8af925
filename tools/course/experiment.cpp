#include "experiment.h"

#include <algorithm>

#include <torch/torch.h>

#include <embark/callbacks/reporting/plot_records.h>
#include <embark/core/error.h>
#include <embark/core/text.h>

namespace embark::course {

void Result::step(std::string title, const at::Tensor& value) {
    std::ostringstream text;
    if (value.numel() == 1) {
        text << value.item<double>();
    } else {
        text << value;
    }
    step(std::move(title), text.str());
}

void Result::assert_equal(const std::string& what, const at::Tensor& a, const at::Tensor& b) {
    const double difference = (a.to(torch::kDouble) - b.to(torch::kDouble)).abs().max().item<double>();
    require(difference <= 1e-6, "Not equal: ", what, "; they differ by ", difference);
    step(what, concat("equal: the largest difference is ", difference));
    check({what, Relation::at_most, difference, 0, "no difference", 1e-6});
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
    grids.push_back(std::move(grid));
    plot(plot_loss(records));
    plot(plot_schedule(records));
}

std::string Experiment::source() const {
    std::string file = name;
    std::replace(file.begin(), file.end(), '-', '_');
    return "tools/course/" + file + ".cpp";
}

}  // namespace embark::course
