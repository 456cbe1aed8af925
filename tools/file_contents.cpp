#include "file_contents.h"

#include <embark/core/error.h>
#include <embark/learners/export/exported_model.h>
#include <embark/learners/onnx/onnx_file.h>
#include <embark/predictor/file_schema.h>

#include "json.h"

namespace embark::tools {

const std::string& onnx_entry(const std::map<std::string, std::string>& metadata, const std::string& name,
                              const std::string& otherwise) {
    const auto entry = metadata.find(name);
    require(entry != metadata.end(), otherwise);
    return entry->second;
}

std::string onnx_description(const std::string& path) {
    return onnx_entry(read_onnx_metadata(path), "embark",
                      path + " was not written by Embark: it has no description of its columns");
}

Json file_contents(const std::string& path) {
    if (is_onnx(path)) {
        Json contents = Json::parse(file_schema(onnx_description(path)));
        contents["format"] = "onnx";
        return contents;
    }
    const ExportedModel model = ExportedModel::load(path);
    const ExportedModel::Info& info = model.info();
    const Json schema = Json::parse(file_schema(info.description));
    Json parameters = Json::object();
    for (const auto& [name, shape] : info.parameters) parameters[name] = shape;
    return {{"format", "torchscript"},  {"kind", info.kind},
            {"version", info.version},  {"model", info.model},
            {"inputs", info.inputs},    {"outputs", info.outputs},
            {"methods", info.methods},  {"vocabulary_sizes", info.vocabulary_sizes},
            {"parameters", parameters}, {"schema", schema}};
}

}  // namespace embark::tools
