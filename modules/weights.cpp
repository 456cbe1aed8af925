#include "weights.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <string_view>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "../core/detail/torch_archive.h"
#include "../core/error.h"
#include "../core/file.h"
#include "../core/safetensors.h"
#include "../core/text.h"
#include "detail/weights_pickle.h"

namespace embark {

namespace {

using NamedTensors = std::map<std::string, at::Tensor>;

NamedTensors tensors_of(const torch::nn::Module& model) {
    NamedTensors tensors;
    for (const auto& item : model.named_parameters()) tensors[item.key()] = item.value();
    for (const auto& item : model.named_buffers()) tensors[item.key()] = item.value();
    std::erase_if(tensors, [](const auto& item) { return !item.second.defined(); });
    return tensors;
}

bool is_zip(std::string_view bytes) {
    return bytes.starts_with("PK\3\4");
}

/// The first sentence of what LibTorch says, without its list of calls.
std::string first_line(const std::exception& exception) {
    const std::string text = exception.what();
    return text.substr(0, text.find('\n'));
}

/// What torch.save wrote: a ZIP archive of a pickle and of the tensors' numbers.
NamedTensors read_pytorch(const std::string& bytes, const std::string& file, const std::string& entry) {
    const std::string failure = concat(file, " cannot be read as weights that torch.save wrote: ");
    try {
        std::istringstream stream(bytes, std::ios::binary);
        TorchArchive archive(stream);
        return read_weights_pickle(
            archive.read("data.pkl"), [&](const std::string& key) { return archive.read("data/" + key); }, entry);
    } catch (const c10::Error& error) {
        fail(failure, first_line(error));
    } catch (const Error& error) {
        fail(failure, error.what());
    }
}

/// The file's tensors under the model's names. Throws where two get the same one.
NamedTensors renamed(const NamedTensors& tensors, const LoadWeightsOptions& options, const std::string& file) {
    NamedTensors result;
    for (const auto& [name, tensor] : tensors) {
        if (!name.starts_with(options.prefix)) continue;
        std::string own = name.substr(options.prefix.size());
        if (options.rename) own = options.rename(own);
        if (own.empty()) continue;
        require(result.emplace(own, tensor).second, "Two tensors of ", file, " would be called '", own,
                "' in the model; rename must give each a name of its own");
    }
    require(!result.empty(), file, " has no tensor", options.prefix.empty() ? "" : concat(" whose name begins with '", options.prefix, "'"));
    return result;
}

/// What is said of the tensors that do not fit.
std::string problems(const LoadedWeights& weights, const NamedTensors& file, const NamedTensors& model) {
    std::vector<std::string> said;
    for (const std::string& name : weights.missing) said.push_back("missing " + name);
    for (const std::string& name : weights.unexpected) said.push_back("unexpected " + name);
    for (const std::string& name : weights.wrong_shape) {
        said.push_back(concat("wrong shape ", file.at(name).sizes(), " of ", name, ", the model's is ",
                              model.at(name).sizes()));
    }
    return join(said, "; ");
}

/// Names of the model whose tensor is loaded under another name.
void drop_aliases(std::vector<std::string>& missing, const LoadedWeights& weights, const NamedTensors& model) {
    std::set<const void*> loaded;
    for (const std::string& name : weights.loaded) loaded.insert(model.at(name).unsafeGetTensorImpl());
    std::erase_if(missing,
                  [&](const std::string& name) { return loaded.contains(model.at(name).unsafeGetTensorImpl()); });
}

LoadedWeights compare(const NamedTensors& file, const NamedTensors& model) {
    LoadedWeights weights;
    for (const auto& [name, tensor] : model) {
        const auto found = file.find(name);
        (found == file.end()                          ? weights.missing
         : found->second.sizes() != tensor.sizes() ? weights.wrong_shape
                                                      : weights.loaded)
            .push_back(name);
    }
    for (const auto& [name, tensor] : file) {
        if (!model.contains(name)) weights.unexpected.push_back(name);
    }
    drop_aliases(weights.missing, weights, model);
    return weights;
}

}  // namespace

std::map<std::string, at::Tensor> read_weights(const std::filesystem::path& path, const std::string& entry) {
    const std::string bytes = read_file(path);
    if (is_zip(bytes)) return read_pytorch(bytes, path.string(), entry);
    require(!bytes.starts_with('\x80'), path.string(), " was written by torch.save's old format, which is not read: save it ",
            "again with PyTorch 1.6 or later, or as safetensors");
    require<UsageError>(entry.empty(), "There is no entry '", entry, "' in ", path.string(),
                        ": only files that torch.save wrote have entries");
    return load_safetensors(path).tensors;
}

LoadedWeights load_weights(torch::nn::Module& model, const std::filesystem::path& path,
                           const LoadWeightsOptions& options) {
    const NamedTensors file = renamed(read_weights(path, options.entry), options, path.string());
    const NamedTensors own = tensors_of(model);
    LoadedWeights weights = compare(file, own);
    const bool all = weights.missing.empty() && weights.unexpected.empty() && weights.wrong_shape.empty();
    require(all || !options.strict, "The weights in ", path.string(), " are not those of the model: ",
            problems(weights, file, own));
    require(!weights.loaded.empty(), "Nothing in ", path.string(), " fits the model: ", problems(weights, file, own));
    const torch::NoGradGuard no_grad;
    for (const std::string& name : weights.loaded) {
        at::Tensor target = own.at(name);
        target.copy_(file.at(name));
    }
    return weights;
}

std::string fastai_collab_name(const std::string& name) {
    static const std::map<std::string, std::string> names = {{"u_weight.weight", "user_factors.weight"},
                                                             {"i_weight.weight", "item_factors.weight"},
                                                             {"u_bias.weight", "user_bias.weight"},
                                                             {"i_bias.weight", "item_bias.weight"}};
    const auto found = names.find(name);
    return found == names.end() ? name : found->second;
}

void save_weights(const torch::nn::Module& model, const std::filesystem::path& path) {
    save_safetensors(path, {.tensors = tensors_of(model), .metadata = {{"format", "pt"}}});
}

}  // namespace embark
