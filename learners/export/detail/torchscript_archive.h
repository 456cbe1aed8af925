#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "../../../data/loaders/dataloaders.h"
#include "../../model.h"

namespace embark {

struct Records;

/// The bytes of the file that export_torchscript writes. `records`: of the fit that the model comes from, where there
/// was one; what it recorded last stands in the file's description.
std::string torchscript_archive(const Model& model, const DataLoaders& dls, const ExportOptions& options,
                                const Records* records = nullptr);

}  // namespace embark
