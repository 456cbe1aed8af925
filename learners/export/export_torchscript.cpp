#include "export_torchscript.h"

#include "../../core/file.h"
#include "detail/torchscript_archive.h"

namespace embark {

void export_torchscript(const Model& model, const DataLoaders& dls, const std::filesystem::path& path,
                        const ExportOptions& options) {
    require_writable_path(path);
    write_file_atomically(path, {torchscript_archive(model, dls, options)});
}

}  // namespace embark
