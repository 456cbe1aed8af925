#include "interpretation.h"

#include <algorithm>
#include <ostream>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

Interpretation::Interpretation(Learner& learn) : Interpretation(learn, learn.dls().valid()) {}

Interpretation::Interpretation(Learner& learn, const DataLoader& loader)
    : dls_(learn.dls()),
      loader_(loader),
      predictions_(learn.get_preds(loader)),
      decoded_(learn.loss().decode(predictions_.all_predictions)),
      loss_name_(learn.loss().name()) {
    require(predictions_.losses.defined(), "There is nothing to interpret: the data have no targets");
}

Table Interpretation::top_losses(int64_t k, bool largest) const {
    require<UsageError>(k >= 0, "There are no ", k, " rows of the largest losses; the number must not be negative");
    const auto order = predictions_.losses.argsort(/*stable=*/true, 0, largest);
    const auto rows = order.narrow(0, 0, std::min(k, order.size(0)));
    Tensors decoded;
    for (const at::Tensor& output : decoded_) decoded.push_back(output.index_select(0, rows));
    return dls_.decode(loader_.data().take(rows), decoded)
        .with_column("loss", predictions_.losses.index_select(0, rows))
        .with_column("row", rows);
}

ConfusionMatrix Interpretation::confusion_matrix(std::vector<std::string> classes, size_t target) const {
    require(target < decoded_.size() && target < predictions_.all_targets.size(), "There is no target ", target,
            ", counted from 0, that the model predicts");
    const at::Tensor& decoded = decoded_[target];
    require(!decoded.is_floating_point(), "A confusion matrix needs predictions of classes, and the ", loss_name_,
            " loss is of numbers");
    require(predictions_.all_targets[target].numel() == decoded.size(0),
            "A confusion matrix needs one class a row, and target ", target, ", counted from 0, has ",
            predictions_.all_targets[target].numel() / std::max<int64_t>(1, decoded.size(0)), " labels");
    const auto actual = predictions_.all_targets[target].reshape(-1).to(at::kLong);
    const auto predicted = decoded.reshape(-1).to(at::kLong);
    const at::Tensor& outputs = predictions_.all_predictions[target];
    const int64_t n_outputs = decoded.scalar_type() == at::kBool ? 2 : outputs.size(-1);
    if (classes.empty()) classes = dls_.target_classes(target);
    const int64_t n = std::max(n_outputs, actual.numel() > 0 ? actual.max().item<int64_t>() + 1 : 0);
    require(classes.empty() || static_cast<int64_t>(classes.size()) == n, "The confusion matrix was given ",
            classes.size(), " names for ", n, " classes");
    for (int64_t i = static_cast<int64_t>(classes.size()); i < n; ++i) classes.push_back(std::to_string(i));
    return {std::move(classes), torch::bincount(actual * n + predicted, {}, n * n).reshape({n, n})};
}

at::Tensor ConfusionMatrix::normalized() const {
    const auto numbers = counts.to(at::kDouble);
    return numbers / numbers.sum(1, /*keepdim=*/true).clamp_min(1);
}

std::vector<ConfusionMatrix::Confusion> ConfusionMatrix::most_confused(int64_t min_count) const {
    std::vector<Confusion> found;
    for (size_t actual = 0; actual < classes.size(); ++actual) {
        for (size_t predicted = 0; predicted < classes.size(); ++predicted) {
            const auto count = counts[static_cast<int64_t>(actual)][static_cast<int64_t>(predicted)].item<int64_t>();
            if (actual != predicted && count >= std::max<int64_t>(1, min_count)) {
                found.push_back({classes[actual], classes[predicted], count});
            }
        }
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
    return found;
}

std::string ConfusionMatrix::text() const {
    int64_t width = 6;
    for (const auto& name : classes) width = std::max(width, std::min<int64_t>(16, display_width(name)));
    const std::string corner = "actual \\ predicted";
    const int64_t first_width = std::max(width, display_width(corner));
    std::string text = fit_width(corner, first_width);
    for (const auto& name : classes) text += "  " + fit_width(name, width, /*right=*/true);
    text += "\n";
    for (size_t row = 0; row < classes.size(); ++row) {
        text += fit_width(classes[row], first_width);
        for (int64_t column = 0; column < counts.size(1); ++column) {
            const auto count = counts[static_cast<int64_t>(row)][column].item<int64_t>();
            text += "  " + fit_width(std::to_string(count), width, /*right=*/true);
        }
        text += "\n";
    }
    return text;
}

Plot ConfusionMatrix::plot() const {
    using Json = nlohmann::json;
    Json cells = Json::array();
    const auto shares = normalized();
    for (int64_t row = 0; row < counts.size(0); ++row) {
        for (int64_t column = 0; column < counts.size(1); ++column) {
            cells.push_back({{"actual", classes[static_cast<size_t>(row)]},
                             {"predicted", classes[static_cast<size_t>(column)]},
                             {"count", counts[row][column].item<int64_t>()},
                             {"share", shares[row][column].item<double>()}});
        }
    }
    // Classes stand in their own order, not in that of the alphabet.
    const auto axis = [&](const char* field) {
        return Json{{"field", field}, {"type", "nominal"}, {"sort", classes}, {"title", field}};
    };
    const Json share = {{"field", "share"}, {"type", "quantitative"}};
    Json colour = share;
    colour["scale"] = {{"scheme", "blues"}, {"domain", {0, 1}}};
    colour["title"] = "share of the actual class";
    const Json dark = {{"condition", {{"test", "datum.share > 0.5"}, {"value", "white"}}}, {"value", "black"}};
    const Json text = {{"field", "count"}, {"type", "quantitative"}};
    const Json tooltip = {{{"field", "actual"}}, {{"field", "predicted"}}, text, share};
    const Json rectangles = {{"mark", "rect"}, {"encoding", {{"color", colour}, {"tooltip", tooltip}}}};
    const Json numbers = {{"mark", "text"}, {"encoding", {{"text", text}, {"color", dark}}}};
    return Plot(Json{{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
                     {"title", "Confusion matrix"},
                     {"width", "container"},
                     {"height", {{"step", 40}}},
                     {"data", {{"values", cells}}},
                     {"encoding", {{"x", axis("predicted")}, {"y", axis("actual")}}},
                     {"layer", {rectangles, numbers}}}
                    .dump());
}

std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix) {
    return out << matrix.text();
}

}  // namespace embark
