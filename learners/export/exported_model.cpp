#include "exported_model.h"

#include "../../data/tabular/tabular.h"

namespace embark {

ExportedModel ExportedModel::load(const std::filesystem::path& path) {
    return ExportedModel(open(path));
}

std::vector<TargetPredictions> ExportedModel::predict(const Table& table, EncodingCounts* counts) const {
    return kind().predict_encoded(TabularData(kind().encoder()).encode(table, counts));
}

}  // namespace embark
