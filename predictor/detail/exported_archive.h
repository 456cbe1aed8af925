#pragma once

#include <filesystem>

#include <torch/csrc/jit/api/module.h>
#include <nlohmann/json.hpp>

namespace embark {

/// What is in a file that export_torchscript wrote: the TorchScript module, on the CPU, and what the file says of
/// itself.
struct ExportedArchive {
    torch::jit::Module module;
    nlohmann::json metadata;
};

/// Throws Error where `path` is no TorchScript file, is damaged, was not written by Embark, or by a later format.
ExportedArchive read_exported_archive(const std::filesystem::path& path);

}  // namespace embark
