#include "module_mirror.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <unordered_map>

#include <torch/csrc/jit/frontend/lexer.h>
#include <torch/torch.h>

#include "../../../core/error.h"

namespace embark {

namespace {

/// What each TorchScript module has besides tensors and children.
constexpr const char* kTraining = "training";

bool is_plain(const std::string& name) {
    const auto is_letter = [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_'); };
    return !name.empty() && std::all_of(name.begin(), name.end(), is_letter) &&
           !std::isdigit(static_cast<unsigned char>(name[0]));
}

/// Whether TorchScript can write an attribute called `name` but not read it again: a word of its language, such as
/// "None", or a character that its quoted names cannot hold.
bool is_unreadable(const std::string& name) {
    const auto is_quotable = [](unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (!std::all_of(name.begin(), name.end(), is_quotable)) return true;
    return is_plain(name) && !is_script_identifier(name);  // another is written as getattr(self, "…")
}

void require_free_name(const torch::nn::Module& module, const std::string& name) {
    require(name != kTraining && name != "forward" && !is_unreadable(name), class_name(module),
            " has a tensor or submodule called '", name,
            "', a name that TorchScript needs for itself or cannot read; give it another one");
}

class Mirror {
public:
    torch::jit::Module of(const torch::nn::Module& module) {
        const auto known = made_.find(&module);
        if (known != made_.end()) return known->second;

        torch::jit::Module mirror(c10::QualifiedName("__torch__." + class_name(module)), unit_, /*shouldMangle=*/true);
        mirror.register_attribute(kTraining, c10::BoolType::get(), false);
        for (const auto& parameter : module.named_parameters(/*recurse=*/false)) {
            require_free_name(module, parameter.key());
            mirror.register_parameter(parameter.key(), parameter.value(), /*is_buffer=*/false);
        }
        for (const auto& buffer : module.named_buffers(/*recurse=*/false)) {
            require_free_name(module, buffer.key());
            mirror.register_buffer(buffer.key(), buffer.value());
        }
        for (const auto& child : module.named_children()) {
            require_free_name(module, child.key());
            mirror.register_module(child.key(), of(*child.value()));
        }
        made_.emplace(&module, mirror);
        return mirror;
    }

private:
    std::shared_ptr<torch::jit::CompilationUnit> unit_ = std::make_shared<torch::jit::CompilationUnit>();
    std::unordered_map<const torch::nn::Module*, torch::jit::Module> made_;
};

}  // namespace

std::string class_name(const torch::nn::Module& module) {
    std::string name = module.name();
    // Template arguments may hold names with colons of their own.
    name.resize(std::min(name.find('<'), name.size()));
    if (const size_t colons = name.rfind("::"); colons != std::string::npos) name.erase(0, colons + 2);
    if (name.size() > 4 && name.ends_with("Impl")) name.resize(name.size() - 4);
    const auto is_odd = [](unsigned char c) { return !std::isalnum(c) && c != '_'; };
    std::replace_if(name.begin(), name.end(), is_odd, '_');
    return name.empty() ? "Model" : name;
}

bool is_script_identifier(const std::string& name) {
    if (!is_plain(name)) return false;
    torch::jit::Lexer lexer(std::make_shared<torch::jit::Source>(name));
    return lexer.cur().kind == torch::jit::TK_IDENT;
}

torch::jit::Module mirror_module(const torch::nn::Module& module) {
    return Mirror().of(module);
}

namespace {

/// The type that a tensor has in a file: `precision` where it has a floating-point type.
at::ScalarType exported_type(const at::Tensor& tensor, ExportPrecision precision) {
    return precision && tensor.is_floating_point() ? *precision : tensor.scalar_type();
}

}  // namespace

void own_tensors(torch::jit::Module& mirror, ExportPrecision precision) {
    const torch::NoGradGuard no_grad;
    std::unordered_map<const c10::TensorImpl*, at::Tensor> copies;
    for (torch::jit::Module module : mirror.modules()) {
        for (const auto& attribute : module.named_attributes(/*recurse=*/false)) {
            if (!attribute.value.isTensor()) continue;
            const at::Tensor original = attribute.value.toTensor();
            at::Tensor& copy = copies[original.unsafeGetTensorImpl()];
            if (!copy.defined()) {
                copy = original.detach().to(at::kCPU, exported_type(original, precision), false, /*copy=*/true);
            }
            // A module that several share comes by again, and then holds its copies already.
            copies.emplace(copy.unsafeGetTensorImpl(), copy);
            module.setattr(attribute.name, copy);
        }
    }
}

EvalOnCpu::EvalOnCpu(torch::nn::Module& module, ExportPrecision precision) : EvalOnCpu() {
    // The delegated constructor has made an object by now: where anything below throws, the destructor restores.
    for (const auto& part : module.modules(/*include_self=*/true)) modes_.push_back({part, part->is_training()});
    module.eval();
    for (const at::Tensor& parameter : module.parameters()) copy_data(parameter, precision);
    for (const at::Tensor& buffer : module.buffers()) copy_data(buffer, precision);
}

EvalOnCpu::~EvalOnCpu() {
    for (Data& data : data_) {
        data.tensor.set_data(data.original);
        if (!data.accumulator) continue;
        const c10::weak_intrusive_ptr<torch::autograd::Node> accumulator(data.accumulator);
        torch::autograd::impl::set_grad_accumulator(data.tensor, accumulator);
    }
    // Parents come before their children, so that what a parent's train() does to them is undone by their own.
    for (const Mode& mode : modes_) mode.module->train(mode.training);
}

void EvalOnCpu::copy_data(const at::Tensor& tensor, ExportPrecision precision) {
    const auto is_known = [&](const Data& data) { return data.tensor.is_same(tensor); };
    if (std::any_of(data_.begin(), data_.end(), is_known)) return;
    const at::Tensor original = tensor.variable_data();
    const auto type = exported_type(original, precision);
    const at::Tensor copy = original.to(at::kCPU, type, /*non_blocking=*/false, /*copy=*/true);
    data_.push_back({tensor, original, torch::autograd::impl::try_get_grad_accumulator(tensor)});
    data_.back().tensor.set_data(copy);
}

}  // namespace embark
