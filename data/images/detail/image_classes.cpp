#include "image_classes.h"

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../loaders/detail/value_columns.h"

namespace embark {

namespace {

/// What a row of a table says of a picture: "3 × 28 × 28, mean 0.13".
std::vector<std::string> looks_of(const at::Tensor& pictures) {
    std::vector<std::string> looks;
    for (int64_t row = 0; row < pictures.size(0); ++row) {
        const at::Tensor picture = pictures[row];
        std::vector<std::string> sides;
        for (const int64_t side : picture.sizes()) sides.push_back(concat(side));
        looks.push_back(
            concat(join(sides, " × "), ", mean ", format_number(picture.to(at::kDouble).mean().item<double>(), 3)));
    }
    return looks;
}

}  // namespace

std::vector<std::string> ImageClasses::target_classes(size_t target) const {
    return target == 0 ? classes_ : std::vector<std::string>{};
}

Table ImageClasses::with_names(Table table, const std::string& column, const at::Tensor& values) const {
    const auto n = static_cast<int64_t>(classes_.size());
    const bool are_classes = values.dim() == 1 && values.scalar_type() == at::kLong && n > 0 &&
                             values.ge(0).logical_and(values.lt(n)).all().item<bool>();
    if (!are_classes) return with_value_columns(std::move(table), column, values);
    std::vector<std::string> names;
    for (int64_t row = 0; row < values.size(0); ++row) {
        names.push_back(classes_[static_cast<size_t>(values[row].item<int64_t>())]);
    }
    return table.with_column(column, names);
}

Table ImageClasses::decode(const Batch& batch) const {
    Table table = Table::of_rows(batch.size());
    if (!batch.inputs.empty()) table = table.with_column(kPictureColumn, looks_of(batch.inputs.front()));
    if (!batch.targets.empty()) table = with_names(std::move(table), target_, batch.targets.front());
    return table;
}

Table ImageClasses::with_predictions(Table table, const Tensors& predictions) const {
    return with_names(std::move(table), "prediction", predictions.front());
}

void ImageClasses::export_to(ExportContext& file) const {
    const auto n = static_cast<int64_t>(classes_.size());
    const at::Tensor output = file.forward(file.example()).front();
    if (file.example().size() != 1 || n < 2 || output.dim() != 2 || output.size(1) != n) return;
    file.attribute("_embark_classes", c10::List<std::string>(classes_));
    file.define(R"(
def classes(self) -> List[str]:
    return self._embark_classes

def classify(self, pictures: Tensor) -> Tuple[List[str], Tensor]:
    probabilities = torch.softmax(self.forward(pictures), 1)
    best: List[int] = probabilities.argmax(1).tolist()
    return [self._embark_classes[i] for i in best], probabilities
)");
    file.describe({.kind = "images", .inputs = {"picture"}, .outputs = {target_}, .preprocessing = fitted()});
}

std::string ImageClasses::fitted() const {
    return nlohmann::json{{"target", target_},
                          {"classes", classes_},
                          {"channels", image_.channels},
                          {"height", image_.height},
                          {"width", image_.width}}
        .dump();
}

}  // namespace embark
