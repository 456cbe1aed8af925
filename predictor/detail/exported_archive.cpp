#include "exported_archive.h"

#include <sstream>

#include <torch/script.h>
#include <torch/torch.h>

#include "../../core/error.h"
#include "../../core/file.h"
#include "archive_seal.h"
#include "export_format.h"
#include "torchscript_call.h"

namespace embark {

ExportedArchive read_exported_archive(const std::filesystem::path& path) {
    std::string archive = read_file(path);
    check_seal(archive, path.string());
    try {
        torch::jit::ExtraFilesMap extra = {{kMetadataName, ""}};
        std::istringstream stream(std::move(archive), std::ios::binary);
        ExportedArchive read{.module = torch::jit::load(stream, at::kCPU, extra),
                             .metadata = nlohmann::json::parse(extra.at(kMetadataName))};
        const int format = read.metadata.at("format").get<int>();
        require(format <= kExportFormat, "its format is ", format, ", and this version of Embark reads ", kExportFormat,
                " at most; update Embark, or export the model with this version");
        return read;
    } catch (const std::exception& error) {
        fail(path.string(), " cannot be read: ", torch_message(error));
    }
}

}  // namespace embark
