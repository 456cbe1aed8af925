#include "triton.h"

#include <algorithm>
#include <map>
#include <utility>

#include "../../core/error.h"
#include "../../core/file.h"
#include "../../core/text.h"

namespace embark {

namespace {

/// Triton's words for element types, by their numbers in onnx.proto; see onnx::Type.
const std::map<int64_t, std::string> kTritonTypes = {{1, "TYPE_FP32"},  {2, "TYPE_UINT8"},  {3, "TYPE_INT8"},
                                               {5, "TYPE_INT16"}, {6, "TYPE_INT32"},  {7, "TYPE_INT64"},
                                               {8, "TYPE_STRING"}, {9, "TYPE_BOOL"}, {10, "TYPE_FP16"},
                                               {11, "TYPE_FP64"}};

/// "movies.recommend.onnx": "movies_recommend".
std::string model_name(const std::filesystem::path& file) {
    std::string name = file.stem().string();
    std::ranges::replace(name, '.', '_');
    return name;
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

/// Sizes that are free are -1, that of the rows too: with max_batch_size 0 Triton passes tensors as they come.
std::string values_text(const std::string& field, const std::vector<OnnxValue>& values, const std::string& file) {
    std::vector<std::string> texts;
    for (const OnnxValue& value : values) {
        const auto type = kTritonTypes.find(value.type);
        require(type != kTritonTypes.end(), file, " has '", value.name, "' of a type that Triton does not have");
        std::vector<std::string> dims;
        for (const int64_t size : value.dims) dims.push_back(concat(size));
        texts.push_back(concat("  { name: ", quoted(value.name), " data_type: ", type->second, " dims: [ ", join(dims), " ] }"));
    }
    return concat(field, " [\n", join(texts, ",\n"), "\n]\n");
}

}  // namespace

std::vector<std::string> write_triton_repository(const std::vector<OnnxBytes>& files, const std::filesystem::path& dir) {
    struct NewModel {
        std::string name, config;
        const std::string* model = nullptr;
    };
    std::vector<NewModel> models;
    for (const OnnxBytes& file : files) {
        const OnnxSignature signature = read_onnx_signature(file);
        const std::string name = model_name(file.name), shown = file.name.string();
        require(std::ranges::find(models, name, &NewModel::name) == models.end(), "Two files would be the model '", name,
                "' of Triton; give one another name");
        // Texts do not exist on a GPU.
        const std::string config = concat("name: ", quoted(name), "\nbackend: \"onnxruntime\"\nmax_batch_size: 0\n",
                                          values_text("input", signature.inputs, shown),
                                          values_text("output", signature.outputs, shown),
                                          "instance_group [{ kind: KIND_CPU }]\n");
        models.push_back({name, config, &file.bytes});
    }
    std::vector<std::string> names;
    for (const NewModel& model : models) {
        const auto folder = dir / model.name;
        std::error_code error;
        std::filesystem::create_directories(folder / "1", error);
        require(!error, "Cannot make the folder ", (folder / "1").string(), ": ", error.message());
        write_file_atomically(folder / "1" / "model.onnx", {*model.model});
        write_file_atomically(folder / "config.pbtxt", {model.config});
        names.push_back(model.name);
    }
    return names;
}

}  // namespace embark
