#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../core/tensors.h"

namespace torch::nn {
class Module;
}

namespace embark {

/// How load_weights reads a file.
struct LoadWeightsOptions {
    /// Every tensor of the model must be in the file in its shape, and every one of the file in the model. Without it
    /// what fits is taken, and the rest is said in the result: for a model with another head.
    bool strict = true;
    /// Of a PyTorch file with more than weights, the entry that has them: "model", "state_dict".
    std::string entry = {};
    /// Only the file's names that begin with it are looked at, without it: "encoder.".
    std::string prefix = {};
    /// What the model calls what the file calls so; "" leaves it out. After `prefix`.
    std::function<std::string(const std::string& name)> rename = {};
};

/// What became of the tensors, by the model's names.
struct LoadedWeights {
    std::vector<std::string> loaded;  ///< taken over
    /// Of the model, and not in the file.
    std::vector<std::string> missing,
        unexpected,   ///< of the file, and not in the model
        wrong_shape;  ///< of both, in different shapes
};

/// The tensors of a file by name: a safetensors file of any program, or what Python's torch.save wrote of a state_dict
/// (PyTorch 1.6 and later; `entry` as above). It is read as data: no code in the file runs, and one that asks for any is
/// refused. Tensors may be views that share their numbers, as torch.load's are. Throws Error for a file that is neither,
/// damaged, or has something else than tensors under the names.
std::map<std::string, at::Tensor> read_weights(const std::filesystem::path& path, const std::string& entry = {});

/// Copies a file's tensors into the parameters and buffers of `model` that have their names, whatever type of numbers
/// both have, as PyTorch's load_state_dict does. A tensor that is registered under several names may be under any of
/// them. Throws Error, with all that does not fit, where `strict` asks for it, and where nothing fits; the model is as it
/// was then.
LoadedWeights load_weights(torch::nn::Module& model, const std::filesystem::path& path,
                           const LoadWeightsOptions& options = {});

/// What DotProductBias calls what fastai's EmbeddingDotBias calls `name`, for LoadWeightsOptions::rename:
/// u_weight.weight is user_factors.weight, i_bias.weight item_bias.weight. (A TabularModel has fastai's names.)
std::string fastai_collab_name(const std::string& name);

/// Writes the parameters and buffers of `model` by name as a safetensors file, which Python's
/// `safetensors.torch.load_file` and load_weights read. Throws Error as save_safetensors does.
void save_weights(const torch::nn::Module& model, const std::filesystem::path& path);

}  // namespace embark
