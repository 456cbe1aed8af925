#include "export_torchscript.h"

#include <sstream>

#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../../core/detail/classic_locale.h"
#include "../../core/error.h"
#include "../../core/file.h"
#include "../../modules/tabular_model.h"
#include "../../predictor/detail/archive_seal.h"
#include "../../predictor/detail/export_format.h"
#include "../../predictor/detail/torchscript_call.h"
#include "detail/file_export.h"
#include "detail/module_mirror.h"
#include "detail/row_network_json.h"
#include "detail/torchscript_trace.h"

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

}  // namespace

void export_torchscript(const Model& model, const DataLoaders& dls, const std::filesystem::path& path,
                        const ExportOptions& options) {
    require_writable_path(path);
    const ClassicLocale plain_numbers;
    const Tensors example = dls.one_batch().inputs;
    FileExport file(trace_module(model, example), example, options);
    if (dls.preprocessing()) dls.preprocessing()->export_to(file);

    nlohmann::json description = file.description();
    description["format"] = kExportFormat;
    description["version"] = EMBARK_VERSION;
    description["model"] = class_name(model.module());
    if (const auto* network = dynamic_cast<const TabularModelImpl*>(&model.module())) {
        description["network"] = row_network_json(*network);
    }
    write_file_atomically(path, {seal_archive(serialise(file.module(), description))});
}

}  // namespace embark
