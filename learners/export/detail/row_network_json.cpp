#include "row_network_json.h"

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "../../../modules/tabular_model.h"

namespace embark {

nlohmann::json row_network_json(const TabularModelImpl& model) {
    const TabularModelOptions& options = model.options;
    const bool plain =
        options.members == 1 && options.numbers.kind == NumberEmbeddingKind::none && options.values.values.empty();
    if (!plain) return nullptr;
    nlohmann::json bounded = nlohmann::json::array();
    int64_t place = 0;
    for (const TabularOutput& output : options.outputs) {
        for (int64_t i = 0; i < output.size; ++i, ++place) {
            if (!output.classes && !options.y_range.empty()) bounded.push_back(place);
        }
    }
    return {{"n_embeddings", options.embeddings.size()},
            {"n_cont", options.n_cont},
            {"n_layers", options.layers.size() + 1},
            {"lin_first", options.lin_first},
            {"bounded", bounded},
            {"y_range", {options.y_range.low, options.y_range.high}}};
}

}  // namespace embark
