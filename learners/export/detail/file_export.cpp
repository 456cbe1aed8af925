#include "file_export.h"

#include <algorithm>
#include <regex>

#include <torch/torch.h>

#include "../../../core/detail/classic_locale.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../predictor/detail/torchscript_call.h"
#include "module_mirror.h"

namespace embark {

namespace {

using c10::TypeKind;

/// Whether TorchScript can write values of `type` and read them again.
bool can_be_stored(const c10::TypePtr& type) {
    constexpr TypeKind kKinds[] = {TypeKind::TensorType, TypeKind::IntType,  TypeKind::FloatType, TypeKind::BoolType,
                                   TypeKind::StringType, TypeKind::ListType, TypeKind::DictType,  TypeKind::TupleType};
    const auto& parts = type->containedTypes();
    return std::find(std::begin(kKinds), std::end(kKinds), type->kind()) != std::end(kKinds) &&
           std::all_of(parts.begin(), parts.end(), can_be_stored);
}

/// The names of the methods in `source`.
std::vector<std::string> method_names(const std::string& source) {
    static const std::regex kMethod(R"((?:^|\n)def[ \t]+(\w+))");
    std::vector<std::string> names;
    for (std::sregex_iterator found(source.begin(), source.end(), kMethod), end; found != end; ++found) {
        names.push_back((*found)[1]);
    }
    return names;
}

/// What LibTorch's compiler says, in one sentence.
std::string compile_error(const std::exception& error) {
    std::string text = error.what();
    std::string message = torch_message(error);
    while (!message.empty() && (message.back() == ':' || message.back() == '.')) message.pop_back();
    std::smatch line;
    if (std::regex_search(text, line, std::regex("line (\\d+)"))) message += concat(", in line ", line[1].str());
    return message;
}

}  // namespace

FileExport::FileExport(torch::jit::Module module, Tensors example, const ExportOptions& options)
    : module_(std::move(module)), options_(options) {
    for (const at::Tensor& input : example) example_.push_back(input.detach().to(at::kCPU));
}

Tensors FileExport::forward(const Tensors& inputs) const {
    return as_tensors(call_method(module_, "forward", std::vector<torch::jit::IValue>(inputs.begin(), inputs.end())));
}

std::vector<std::pair<std::string, at::Tensor>> FileExport::parameters() const {
    std::vector<std::pair<std::string, at::Tensor>> parameters;
    for (const auto& parameter : module_.named_parameters()) parameters.emplace_back(parameter.name, parameter.value);
    return parameters;
}

bool FileExport::is_free(const std::string& name) const {
    return !module_.hasattr(name) && !module_.find_method(name).has_value();
}

void FileExport::require_free(const std::string& name) const {
    require(!module_.hasattr(name), "The model cannot be exported: it has a tensor or submodule called '", name,
            "', a name that the exported file needs for a method of its own; give it another one");
}

void FileExport::require_new(const std::string& name) const {
    const bool known = added_.contains(name) || module_.find_method(name).has_value();
    require(!known, "The exported file has '", name, "' already; give each attribute and method a name of its own");
    require_free(name);
}

void FileExport::attribute(const std::string& name, const c10::IValue& value) {
    require(is_script_identifier(name), "Invalid attribute '", name,
            "' of an exported file: it must be a name that TorchScript can read, of letters, digits and underscores");
    require_new(name);
    const c10::TypePtr type = c10::unshapedType(value.type());
    require(can_be_stored(type), "The attribute '", name, "' of an exported file is a ", type->annotation_str(),
            "; it can hold numbers, texts, tensors, and lists, dictionaries and tuples of these");
    module_.register_attribute(name, type, value);
    added_.insert(name);
}

void FileExport::define(const std::string& source) {
    const auto names = method_names(source);
    require(!names.empty(),
            "The TorchScript for an exported file defines no method: it must begin with 'def NAME(self'");
    for (const std::string& name : names) require_new(name);
    try {
        const ClassicLocale plain_numbers;
        module_.define(source);
    } catch (const std::exception& error) {
        fail("The TorchScript of ", join(names), " cannot be compiled: ", compile_error(error));
    }
}

void FileExport::describe(const FileDescription& description) {
    require(!description.kind.empty(), "The description of an exported file needs the name of its kind");
    description_ = {{"kind", description.kind},
                    {"inputs", description.inputs},
                    {"outputs", description.outputs},
                    {"vocabulary_sizes", description.vocabulary_sizes}};
    if (description.preprocessing.empty()) return;
    description_["preprocessing"] =
        nlohmann::json::parse(description.preprocessing, nullptr, /*allow_exceptions=*/false);
    require(!description_["preprocessing"].is_discarded(), "The description of an exported file of kind '",
            description.kind, "' is not JSON: ", description.preprocessing.substr(0, 60));
}

}  // namespace embark
