#include "exported_model.h"

#include "../../core/error.h"
#include "../../data/tabular/tabular.h"

namespace embark {

ExportedModel ExportedModel::load(const std::filesystem::path& path) {
    return ExportedModel(open(path));
}

std::vector<TargetPredictions> ExportedModel::predict(const Table& table, EncodingCounts* counts) const {
    return kind().predict_encoded(TabularData(kind().encoder()).encode(table, counts));
}

at::Tensor ExportedModel::predict_ratings(const Table& table, EncodingCounts* counts) const {
    const auto& inputs = info().inputs;
    require(inputs.size() == 2 && file().has_method("recommend"), file().name(),
            " does not predict ratings: its kind is ", info().kind);
    return predict(table.text(inputs[0]), table.text(inputs[1]), counts);
}

}  // namespace embark
