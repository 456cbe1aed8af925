#include "file_metadata.h"

#include <nlohmann/json.hpp>

#include "../../../predictor/file_schema.h"

namespace embark::onnx {

using Json = nlohmann::json;

std::map<std::string, std::string> file_metadata(const FileInfo& info) {
    const std::string schema_text = file_schema(info.description);
    const Json schema = Json::parse(schema_text);
    Json classes = Json::object();
    for (const Json& output : schema.at("outputs")) {
        if (output.contains("classes")) classes[output.at("name").get<std::string>()] = output.at("classes");
    }
    std::map<std::string, std::string> metadata = {{"embark", info.description},
                                                   {"schema", schema_text},
                                                   {"columns", schema.at("inputs").dump()},
                                                   {"classes", classes.dump()}};
    if (info.kind == "tabular") {
        for (const TextColumn& text : file_encoder(info.description).texts) {
            metadata["vocabulary." + text.name] = Json(text.vocabulary.tokens()).dump();
        }
    }
    const Json own = schema.value("metadata", Json::object());
    for (const auto& [name, text] : own.items()) metadata.emplace(name, text.get<std::string>());
    return metadata;
}

}  // namespace embark::onnx
