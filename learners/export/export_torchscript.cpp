#include "export_torchscript.h"

#include <memory>
#include <sstream>

#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../../core/file.h"
#include "../../data/collab/collab.h"
#include "../../data/tabular/tabular.h"
#include "../../modules/tabular_model.h"
#include "../../predictor/detail/archive_seal.h"
#include "../../predictor/detail/export_format.h"
#include "../../predictor/detail/tabular_encoder_json.h"
#include "../../predictor/detail/torchscript_call.h"
#include "../../data/collab/detail/collab_script.h"
#include "detail/module_mirror.h"
#include "detail/row_network_json.h"
#include "../../data/tabular/detail/tabular_script.h"
#include "detail/torchscript_trace.h"

namespace embark {

namespace {

/// Whether `module` answers encoded users and items with a number a row, as the methods on raw values need.
bool rates_pairs(const torch::jit::Module& module) {
    const at::Tensor pairs = torch::zeros({3, 2}, at::kLong);
    const Tensors outputs = as_tensors(call_method(module, "forward", {pairs}));
    return outputs.size() == 1 && outputs.front().numel() == pairs.size(0);
}

nlohmann::json collab_metadata(const CollabData& data) {
    return {{"kind", "collab"},
            {"inputs", {data.user_name, data.item_name}},
            {"outputs", {data.rating_name}},
            {"vocabulary_sizes", {{data.user_name, data.users.size()}, {data.item_name, data.items.size()}}}};
}

/// Whether `module` answers encoded categories and numbers with what each target needs.
bool predicts_targets(const torch::jit::Module& module, const TabularData& data, const Tensors& example) {
    const Tensors outputs =
        as_tensors(call_method(module, "forward", std::vector<torch::jit::IValue>(example.begin(), example.end())));
    if (outputs.size() != data.targets.size()) return false;
    for (size_t i = 0; i < outputs.size(); ++i) {
        const bool fits = outputs[i].dim() == 2 && outputs[i].size(1) == data.targets[i].width();
        if (!fits) return false;
    }
    return true;
}

nlohmann::json tabular_metadata(const TabularData& data) {
    nlohmann::json sizes = nlohmann::json::object(), outputs = nlohmann::json::array();
    for (const auto& [name, vocabulary] : data.classes()) sizes[name] = vocabulary.size();
    for (const auto& target : data.targets) outputs.push_back(target.name);
    return {{"kind", "tabular"},
            {"inputs", data.input_names()},
            {"outputs", outputs},
            {"vocabulary_sizes", sizes},
            {"preprocessing", to_json(data)}};
}

std::string serialise(const torch::jit::Module& module, const nlohmann::json& metadata) {
    // In memory first: LibTorch ends the process where its own writing to a file fails.
    std::ostringstream out(std::ios::binary);
    module.save(out, {{kMetadataName, metadata.dump(1)}});
    return std::move(out).str();
}

}  // namespace

void export_torchscript(const Model& model, const DataLoaders& dls, const std::filesystem::path& path,
                        const ExportOptions& options) {
    require_writable_path(path);
    const Tensors example = dls.one_batch().inputs;
    torch::jit::Module module = trace_module(model, example);

    nlohmann::json metadata = {{"kind", "tensors"}};
    const auto collab = std::dynamic_pointer_cast<const CollabData>(dls.preprocessing());
    if (collab && rates_pairs(module)) {
        add_collab_methods(module, *collab, options);
        metadata = collab_metadata(*collab);
    }
    const auto tabular = std::dynamic_pointer_cast<const TabularData>(dls.preprocessing());
    if (tabular && predicts_targets(module, *tabular, example)) {
        add_tabular_methods(module, *tabular);
        metadata = tabular_metadata(*tabular);
        const auto* network = dynamic_cast<const TabularModelImpl*>(&model.module());
        if (network != nullptr) metadata["network"] = row_network_json(*network);
    }
    metadata["format"] = kExportFormat;
    metadata["version"] = EMBARK_VERSION;
    metadata["model"] = class_name(model.module());
    write_file_atomically(path, {seal_archive(serialise(module, metadata))});
}

}  // namespace embark
