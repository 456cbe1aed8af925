#include "onnx_file.h"

#include <string_view>
#include <utility>

#include "../../core/error.h"
#include "../../core/file.h"
#include "../../core/text.h"
#include "detail/onnx_fields.h"
#include "detail/protobuf_reader.h"

namespace embark {

namespace {

using onnx::MessageReader;

/// Calls `visit(field)` for each field of a message.
template <class Visit>
void each_field(std::string_view bytes, const Visit& visit) {
    MessageReader reader(bytes);
    while (const auto field = reader.next()) visit(*field);
}

std::pair<std::string, std::string> metadata_entry(std::string_view bytes) {
    std::pair<std::string, std::string> entry;
    each_field(bytes, [&](const auto& field) {
        if (field.number == onnx::model_field::kKey) entry.first = field.bytes;
        if (field.number == onnx::model_field::kValue) entry.second = field.bytes;
    });
    return entry;
}

OnnxValue value_of(std::string_view bytes) {
    namespace fields = onnx::value_field;
    OnnxValue value;
    each_field(bytes, [&](const auto& of_value) {
        if (of_value.number == fields::kName) value.name = of_value.bytes;
        if (of_value.number != fields::kType) return;
        each_field(of_value.bytes, [&](const auto& of_type) {
            if (of_type.number != fields::kTensorType) return;
            each_field(of_type.bytes, [&](const auto& of_tensor) {
                if (of_tensor.number == fields::kElementType) value.type = static_cast<int64_t>(of_tensor.integer);
                if (of_tensor.number != fields::kShape) return;
                each_field(of_tensor.bytes, [&](const auto& of_shape) {
                    if (of_shape.number != fields::kDim) return;
                    value.dims.push_back(-1);
                    each_field(of_shape.bytes, [&](const auto& dim) {
                        if (dim.number == fields::kDimValue) value.dims.back() = static_cast<int64_t>(dim.integer);
                    });
                });
            });
        });
    });
    require(is_utf8(value.name), "a name is not UTF-8");
    return value;
}

/// Calls `visit(field)` for each field of the model in `bytes`, the content of `path`, which must have a graph.
template <class Visit>
void each_model_field(const std::filesystem::path& path, const std::string& bytes, const Visit& visit) {
    bool has_graph = false;
    try {
        each_field(bytes, [&](const auto& field) {
            if (field.number == onnx::model_field::kGraph) has_graph = true;
            visit(field);
        });
    } catch (const Error& error) {
        fail(path.string(), " is not an ONNX file, or a damaged one: ", error.what());
    }
    require(has_graph, path.string(), " is not an ONNX file: it has no graph");
}

}  // namespace

bool is_onnx(const std::filesystem::path& path) {
    return path.extension() == ".onnx";
}

std::map<std::string, std::string> read_onnx_metadata(const std::filesystem::path& path) {
    const std::string bytes = read_file(path);
    std::map<std::string, std::string> metadata;
    each_model_field(path, bytes, [&](const auto& field) {
        if (field.number == onnx::model_field::kMetadata) metadata.insert(metadata_entry(field.bytes));
    });
    for (const auto& [name, text] : metadata) {
        require(is_utf8(name) && is_utf8(text), path.string(), " is damaged: its metadata are not UTF-8");
    }
    return metadata;
}

OnnxSignature read_onnx_signature(const OnnxBytes& file) {
    OnnxSignature signature;
    each_model_field(file.name, file.bytes, [&](const auto& field) {
        if (field.number != onnx::model_field::kGraph) return;
        each_field(field.bytes, [&](const auto& of_graph) {
            if (of_graph.number == onnx::graph_field::kInput) signature.inputs.push_back(value_of(of_graph.bytes));
            if (of_graph.number == onnx::graph_field::kOutput) signature.outputs.push_back(value_of(of_graph.bytes));
        });
    });
    return signature;
}

}  // namespace embark
