#include "torchscript_archive.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <torch/torch.h>
#include <nlohmann/json.hpp>
#include <embark/version.h>

#include "../../../callbacks/reporting/records.h"
#include "../../../core/detail/classic_locale.h"
#include "../../../core/error.h"
#include "../../../modules/collab_nn.h"
#include "../../../modules/factorization_model.h"
#include "../../../modules/tabular_model.h"
#include "../../../predictor/detail/archive_seal.h"
#include "../../../predictor/detail/export_format.h"
#include "../../../predictor/detail/torchscript_call.h"
#include "../../../predictor/file_schema.h"
#include "file_export.h"
#include "forward_inputs.h"
#include "module_mirror.h"
#include "recommend_for_script.h"
#include "ranking_form.h"
#include "row_network_json.h"
#include "torchscript_trace.h"

namespace embark {

namespace {

std::string serialise(const torch::jit::Module& module, const nlohmann::json& description) {
    // In memory first: LibTorch ends the process where its own writing to a file fails.
    std::ostringstream out(std::ios::binary);
    try {
        module.save(out, {{kMetadataName, description.dump(1)}});
    } catch (const std::exception& error) {
        fail("The model cannot be exported: ", torch_message(error));
    }
    return std::move(out).str();
}

/// Adds the method `schema()`, unless the model has something of that name.
void add_schema(FileExport& file, const std::string& description) {
    if (!file.is_free("schema")) return;
    file.attribute("_embark_schema", file_schema(description));
    file.define("def schema(self) -> str:\n    return self._embark_schema\n");
}

/// How many epochs there were, and what the last one's figures are.
nlohmann::json training_json(const Records& records) {
    nlohmann::json recorded = nlohmann::json::object();
    for (const std::string& name : records.names()) recorded[name] = records.last(name);
    return {{"epochs", records.epochs.size()}, {"recorded", recorded}};
}

/// What stands for `model` in a file, and what it takes there: itself, or a FactorizationModel with all sums in one,
/// which raw values are asked of without a time; of what ranks items, what scores users and items.
std::pair<Model, Tensors> form_for_export(const Model& model, Tensors example) {
    if (auto* scorer = dynamic_cast<ItemScorer*>(&model.module())) return ranking_form(model, *scorer, example.front());
    auto* sums = dynamic_cast<FactorizationModelImpl*>(&model.module());
    if (sums == nullptr) return {model, std::move(example)};
    return {Model(sums->added_up()), {example.front().narrow(1, 0, 2)}};
}

/// The TabularModels that `module` is made of: itself or, of an ensemble, its members; none where it is anything else.
std::vector<const TabularModelImpl*> tabular_models(const torch::nn::Module& module) {
    if (const auto* model = dynamic_cast<const TabularModelImpl*>(&module)) return {model};
    const bool has_more = !module.named_parameters(/*recurse=*/false).is_empty();
    if (has_more || dynamic_cast<const EmbeddingNNImpl*>(&module)) return {};
    std::vector<const TabularModelImpl*> models;
    for (const auto& child : module.children()) {
        const auto of_child = tabular_models(*child);
        if (of_child.empty()) return {};
        models.insert(models.end(), of_child.begin(), of_child.end());
    }
    return models;
}

/// float64 where values of a table's column are predicted, which may be far larger than their range or far smaller:
/// float32 would give other digits wherever its sums are made in another order.
ExportPrecision precision_of(const torch::nn::Module& module, const Preprocessing* preprocessing) {
    const auto models = tabular_models(module);
    if (models.empty() || !preprocessing) return {};
    const bool predicts_values = std::ranges::any_of(
        models.front()->options.outputs, [](const TabularOutput& output) { return !output.classes; });
    return predicts_values ? ExportPrecision(at::kDouble) : ExportPrecision();
}

}  // namespace

std::string torchscript_archive(const Model& model, const DataLoaders& dls, const ExportOptions& options,
                                const Records* records) {
    const ClassicLocale plain_numbers;
    const auto [exported, example] = form_for_export(model, dls.one_batch().inputs);
    ForwardInputs inputs{example, {}};
    const ExportPrecision precision = precision_of(model.module(), dls.preprocessing().get());
    FileExport file(trace_module(exported, example, options.dynamic_dims, &inputs.free, precision), example, options);
    if (dls.preprocessing()) dls.preprocessing()->export_to(file);
    if (auto* sums = dynamic_cast<FactorizationModelImpl*>(&model.module())) add_recommend_for(file, *sums);
    if (auto* scorer = dynamic_cast<ItemScorer*>(&model.module())) add_ranking_methods(file, *scorer);

    nlohmann::json description = file.description();
    description["format"] = kExportFormat;
    description["version"] = EMBARK_VERSION;
    description["model"] = class_name(model.module());
    description["forward_inputs"] = forward_inputs_json(inputs);
    if (!options.metadata.empty()) description["metadata"] = options.metadata;
    if (records != nullptr && !records->epochs.empty()) description["training"] = training_json(*records);
    if (const auto* network = dynamic_cast<const TabularModelImpl*>(&model.module())) {
        description["network"] = row_network_json(*network);
    }
    add_schema(file, description.dump());
    return seal_archive(serialise(file.module(), description));
}

}  // namespace embark
