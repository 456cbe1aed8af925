#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/jit/api/module.h>

#include "../../../core/tensors.h"

namespace torch::nn {
class Module;
}

namespace embark {

/// The class of `module` as a person calls it: "RatingNet" for an instance of `shop::RatingNetImpl`.
std::string class_name(const torch::nn::Module& module);

/// Whether TorchScript can read an attribute called `name` as `self.NAME`: a name, and no word of its language.
bool is_script_identifier(const std::string& name);

/// `module` as TorchScript objects, one class a submodule, all in one compilation unit, without methods yet: its
/// parameters, buffers and children under their own names, undefined tensors left out, shared modules shared. The
/// tensors are those of `module` themselves, by which a tracer knows them again. Throws Error for a name that an
/// exported module needs for itself.
torch::jit::Module mirror_module(const torch::nn::Module& module);

/// In which floating-point type a module computes that is exported; none: in its own.
using ExportPrecision = std::optional<at::ScalarType>;

/// Replaces the tensors of `mirror` by copies of its own, on the CPU and without gradients; shared ones stay shared.
void own_tensors(torch::jit::Module& mirror, ExportPrecision precision);

/// As long as it lives, `module` is in eval mode and its parameters and buffers hold private copies on the CPU, so that
/// running it changes nothing; afterwards every submodule's mode, every tensor's data and what waits for its gradient
/// are what they were.
class EvalOnCpu {
public:
    explicit EvalOnCpu(torch::nn::Module& module, ExportPrecision precision = {});
    ~EvalOnCpu();
    EvalOnCpu(const EvalOnCpu&) = delete;
    EvalOnCpu& operator=(const EvalOnCpu&) = delete;

private:
    struct Mode {
        std::shared_ptr<torch::nn::Module> module;
        bool training;
    };
    struct Data {
        at::Tensor tensor, original;
        /// Data of another type let it go, and with it the hooks by which processes exchange gradients.
        decltype(torch::autograd::impl::grad_accumulator(at::Tensor())) accumulator;
    };
    EvalOnCpu() = default;
    void copy_data(const at::Tensor& tensor, ExportPrecision precision);

    std::vector<Mode> modes_;
    std::vector<Data> data_;
};

}  // namespace embark
