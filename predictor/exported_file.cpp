#include "exported_file.h"

#include <limits>
#include <sstream>

#include <torch/script.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../core/detail/classic_locale.h"
#include "../core/error.h"
#include "../core/file.h"
#include "../core/text.h"
#include "detail/archive_check.h"
#include "detail/archive_seal.h"
#include "detail/description.h"
#include "detail/export_format.h"
#include "detail/torchscript_call.h"

namespace embark {

namespace {

using torch::jit::IValue;
using torch::jit::Module;

/// "predict(users: List[str], items: List[str]) -> Tensor".
std::string signature(const c10::FunctionSchema& schema) {
    std::vector<std::string> arguments;
    for (const c10::Argument& argument : schema.arguments()) {
        if (argument.name() == "self") continue;
        arguments.push_back(argument.name() + ": " + argument.type()->annotation_str());
        if (argument.default_value()) arguments.back() += concat(" = ", *argument.default_value());
    }
    return schema.name() + "(" + join(arguments) + ") -> " + schema.returns().front().type()->annotation_str();
}

FileInfo described(const Module& module, std::string description) {
    const auto json = parse_description(description);
    const auto format = integer_in(json, "format", 1, std::numeric_limits<int32_t>::max());
    require(format <= kExportFormat, "its format is ", format, ", and this version of Embark reads ", kExportFormat,
            " at most; update Embark, or export the model with this version");
    FileInfo info{.kind = json.at("kind"), .version = json.at("version"), .model = json.at("model")};
    info.inputs = json.value("inputs", info.inputs);
    info.outputs = json.value("outputs", info.outputs);
    info.vocabulary_sizes = json.value("vocabulary_sizes", info.vocabulary_sizes);
    for (const auto& method : module.get_methods()) {
        const auto& schema = method.function().getSchema();
        if (!schema.name().starts_with(kScriptPrefix)) info.methods.push_back(signature(schema));
    }
    for (const auto& parameter : module.named_parameters()) {
        info.parameters.emplace_back(parameter.name, parameter.value.sizes().vec());
    }
    for (const auto& buffer : module.named_buffers()) {
        info.parameters.emplace_back(buffer.name, buffer.value.sizes().vec());
    }
    info.description = std::move(description);
    return info;
}

}  // namespace

struct ExportedFile::Impl {
    std::string name;
    Module module;
    FileInfo info;
};

ExportedFile::ExportedFile(const std::filesystem::path& path, const LoadOptions& options)
    : ExportedFile(read_file(path), path.string(), options) {}

ExportedFile ExportedFile::from_archive(std::string archive, std::string name, const LoadOptions& options) {
    return ExportedFile(std::move(archive), std::move(name), options);
}

ExportedFile::ExportedFile(std::string archive, std::string name, const LoadOptions& options) {
    auto impl = std::make_shared<Impl>();
    impl->name = std::move(name);
    check_seal(archive, impl->name);
    try {
        const ClassicLocale plain_numbers;
        torch::jit::ExtraFilesMap extra = {{kMetadataName, ""}};
        std::istringstream stream(std::move(archive), std::ios::binary);
        check_archive(stream, options.trusted);
        stream.clear();
        stream.seekg(0);
        impl->module = torch::jit::load(stream, at::kCPU, extra, /*load_debug_files=*/false);
        impl->module.eval();
        impl->info = described(impl->module, std::move(extra.at(kMetadataName)));
    } catch (const std::exception& error) {
        fail(impl->name, " cannot be read: ", torch_message(error));
    }
    impl_ = std::move(impl);
}

const std::string& ExportedFile::name() const {
    return impl_->name;
}

const FileInfo& ExportedFile::info() const {
    return impl_->info;
}

bool ExportedFile::has_method(const std::string& method) const {
    return impl_->module.find_method(method).has_value();
}

IValue ExportedFile::call(const std::string& method, std::vector<IValue> arguments) const {
    require(has_method(method), name(), " has no method ", method, "; its kind is ", info().kind,
            ", and its methods are ", join(info().methods, "; "));
    try {
        return call_method(impl_->module, method, std::move(arguments));
    } catch (const std::exception& error) {
        fail(name(), ": ", method, " failed: ", torch_message(error));
    }
}

IValue ExportedFile::attribute(const std::string& attribute) const {
    require(impl_->module.hasattr(attribute), name(), " has no attribute '", attribute, "'");
    return impl_->module.attr(attribute);
}

Tensors ExportedFile::forward(const Tensors& inputs) const {
    const size_t expected = impl_->module.get_method("forward").num_inputs() - 1;  // without self
    require(inputs.size() == expected, name(), ": forward takes ", expected, expected == 1 ? " tensor" : " tensors",
            ", but got ", inputs.size());
    // LibTorch specialises a method for what it was called with first, and an undefined tensor spoils it for the rest.
    for (size_t i = 0; i < inputs.size(); ++i) {
        require(inputs[i].defined(), name(), ": tensor ", i, " for forward, counted from 0, is undefined");
    }
    return as_tensors(call("forward", std::vector<IValue>(inputs.begin(), inputs.end())));
}

const Module& ExportedFile::module() const {
    return impl_->module;
}

}  // namespace embark
