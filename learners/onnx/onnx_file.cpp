#include "onnx_file.h"

#include <string_view>

#include "../../core/error.h"
#include "../../core/file.h"
#include "../../core/text.h"
#include "detail/onnx_fields.h"
#include "detail/protobuf_reader.h"

namespace embark {

namespace {

using onnx::MessageReader;

std::pair<std::string, std::string> metadata_entry(std::string_view bytes) {
    std::pair<std::string, std::string> entry;
    MessageReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == onnx::model_field::kKey) entry.first = field->bytes;
        if (field->number == onnx::model_field::kValue) entry.second = field->bytes;
    }
    return entry;
}

}  // namespace

bool is_onnx(const std::filesystem::path& path) {
    return path.extension() == ".onnx";
}

std::map<std::string, std::string> read_onnx_metadata(const std::filesystem::path& path) {
    const std::string bytes = read_file(path);
    std::map<std::string, std::string> metadata;
    bool has_graph = false;
    try {
        MessageReader reader(bytes);
        while (const auto field = reader.next()) {
            if (field->number == onnx::model_field::kGraph) has_graph = true;
            if (field->number == onnx::model_field::kMetadata) metadata.insert(metadata_entry(field->bytes));
        }
    } catch (const Error& error) {
        fail(path.string(), " is not an ONNX file, or a damaged one: ", error.what());
    }
    require(has_graph, path.string(), " is not an ONNX file: it has no graph");
    for (const auto& [name, text] : metadata) {
        require(is_utf8(name) && is_utf8(text), path.string(), " is damaged: its metadata are not UTF-8");
    }
    return metadata;
}

}  // namespace embark
