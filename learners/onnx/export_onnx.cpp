#include "export_onnx.h"

#include <string>
#include <utility>

#include <torch/torch.h>

#include "../../core/error.h"
#include "../../core/file.h"
#include "../../core/text.h"
#include "../../predictor/item_ranking.h"
#include "../export/detail/forward_inputs.h"
#include "../export/detail/module_mirror.h"
#include "../export/detail/torchscript_archive.h"
#include "detail/collab_graph.h"
#include "detail/file_metadata.h"
#include "detail/forward_rows.h"
#include "detail/graph.h"
#include "detail/tabular_graph.h"

namespace embark {

namespace {

/// "movies.onnx" and "recommend": "movies.recommend.onnx".
std::filesystem::path beside(const std::filesystem::path& path, const std::string& method) {
    std::filesystem::path other = path;
    return other.replace_extension(concat(".", method, path.extension().string()));
}

/// What forward does with tensors that are encoded already.
std::string forward_file(const ExportedFile& file) {
    const auto [example, free] = forward_inputs(file);
    onnx::Graph graph;
    onnx::Names inputs;
    for (size_t i = 0; i < example.size(); ++i) {
        onnx::Dims dims = {"rows"};
        for (int64_t d = 1; d < example[i].dim(); ++d) {
            const FreeSize* size = find_free_size(free, i, d);
            dims.push_back(size ? size->name : concat(example[i].size(d)));
        }
        inputs.push_back(
            graph.input(input_name(i, example.size()), onnx::type_of(example[i].scalar_type()), dims));
    }
    const auto outputs = onnx::forward_rows(graph, file.module(), inputs, example, free);
    for (size_t i = 0; i < outputs.size(); ++i) {
        graph.output(outputs.size() == 1 ? "output" : concat("output", i + 1), outputs[i].name, outputs[i].type,
                     outputs[i].dims);
    }
    return graph.model("forward", onnx::file_metadata(file.info()));
}

std::vector<OnnxBytes> files_of(const ExportedFile& file, const std::filesystem::path& path) {
    const std::string& kind = file.info().kind;
    if (kind == "tabular") return {{path, onnx::tabular_predict(file)}};
    if (kind != "collab") return {{path, forward_file(file)}};
    std::vector<OnnxBytes> files;
    // Of weights between items, a score adds up as many numbers as the user has items, which no row of a batch can say.
    if (!onnx::scores_by_item_weights(file)) files.push_back({path, onnx::collab_predict(file)});
    files.push_back({beside(path, "recommend"), onnx::collab_recommend(file)});
    if (file.has_method("recommend_for")) {
        files.push_back({beside(path, "recommend_for"), onnx::collab_recommend_for(file)});
    }
    if (file.has_method("similar")) files.push_back({beside(path, "similar"), onnx::collab_similar(file)});
    return files;
}

ExportedFile exported(const Model& model, const DataLoaders& dls, const ExportOptions& options) {
    return ExportedFile::from_archive(torchscript_archive(model, dls, options), class_name(model.module()));
}

}  // namespace

std::vector<OnnxBytes> onnx_files(const ExportedFile& file, const std::filesystem::path& path) {
    try {
        return files_of(file, path);
    } catch (const Error& error) {
        fail(file.name(), " cannot be written as ONNX: ", error.what());
    }
}

std::vector<std::filesystem::path> convert_to_onnx(const ExportedFile& file, const std::filesystem::path& path) {
    require_writable_path(path);
    const std::vector<OnnxBytes> files = onnx_files(file, path);
    std::vector<std::filesystem::path> written;
    for (const auto& [name, bytes] : files) require_writable_path(name);
    for (const auto& [name, bytes] : files) {
        write_file_atomically(name, {bytes});
        written.push_back(name);
    }
    return written;
}

std::vector<std::filesystem::path> export_onnx(const Model& model, const DataLoaders& dls,
                                               const std::filesystem::path& path, const ExportOptions& options) {
    require_writable_path(path);
    return convert_to_onnx(exported(model, dls, options), path);
}

void require_onnx_form(const Model& model, const DataLoaders& dls, const ExportOptions& options) {
    onnx_files(exported(model, dls, options), "model.onnx");
}

}  // namespace embark
