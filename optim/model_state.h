#pragma once

#include <filesystem>

#include "../core/safetensors.h"

namespace torch::nn {
class Module;
}

namespace embark {

class Optimizer;

/// Copies of what training changes, by name: a model's parameters and buffers ("model.…"), its optimizer's state
/// ("optimizer.…") and hyper-parameters.
class ModelState {
public:
    /// Copies of both.
    ModelState(const torch::nn::Module& model, const Optimizer& optimizer);
    /// Of the model alone.
    explicit ModelState(const torch::nn::Module& model);
    /// Of what content() gave; `source` names it in messages. Throws Error where the content is something else.
    explicit ModelState(TensorFile content, std::string source = "the saved state");

    /// Reads what save() wrote. Throws Error where the file is not sound or holds something else.
    static ModelState load(const std::filesystem::path& path);
    /// Writes a safetensors file atomically, with the hyper-parameters as JSON in its metadata.
    void save(const std::filesystem::path& path) const;

    /// Throws an Error that names every tensor of `model` that is missing, unexpected or of another shape or type.
    void check_model(const torch::nn::Module& model) const;
    /// Puts everything back; the optimizer starts anew where it was not saved. Checks all of it first: an Error names
    /// every missing, unexpected and wrong-shaped tensor, and leaves both as they were. Tensors that are neither the
    /// model's nor the optimizer's are passed by.
    void restore(torch::nn::Module& model, Optimizer& optimizer) const;
    /// Puts the model back and leaves the optimizer alone.
    void restore(torch::nn::Module& model) const;
    /// Puts the model back under an optimizer that goes on (see Optimizer::weights_replaced).
    void restore_weights(torch::nn::Module& model, Optimizer& optimizer) const;

    /// What a ModelState of these would have, as the tensors themselves rather than copies; `optimizer` may be null.
    static TensorFile tensors(const torch::nn::Module& model, const Optimizer* optimizer);

    /// The copies, as save() writes them.
    const TensorFile& content() const { return content_; }

private:
    void copy_to(torch::nn::Module& model) const;

    TensorFile content_;
    std::string source_ = "the saved state";
};

}  // namespace embark
