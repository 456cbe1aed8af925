#include "predictor.h"

#include <string>

#include <torch/script.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../data/tabular_json.h"
#include "exported_archive.h"
#include "torchscript_call.h"

namespace embark {

struct Predictor::Impl {
    TabularData data;
    torch::jit::Module module;

    /// The outputs for one encoded row, after the activation of each target.
    Tensors outputs(const Tensors& inputs) const {
        const c10::InferenceMode inference;
        Tensors outputs = as_tensors(
            torch::jit::Module(module).forward(std::vector<torch::jit::IValue>(inputs.begin(), inputs.end())));
        for (size_t i = 0; i < outputs.size(); ++i) {
            if (data.targets.at(i).is_class()) outputs[i] = at::softmax(outputs[i], 1);
        }
        return outputs;
    }
};

Predictor Predictor::load(const std::filesystem::path& path) {
    auto [module, metadata] = read_exported_archive(path);
    const std::string kind = metadata.value("kind", "");
    require(kind == "tabular", path.string(), " predicts no rows of a table: its kind is ", kind);
    module.eval();
    auto impl = std::make_shared<Impl>(
        Impl{.data = tabular_from_json(metadata.at("preprocessing")), .module = torch::jit::freeze(module)});
    // The first calls are slow: TorchScript looks at them and then compiles.
    Tensors example = {torch::zeros({1, static_cast<int64_t>(impl->data.categories.size())}, at::kLong),
                       torch::zeros({1, static_cast<int64_t>(impl->data.numbers.size())})};
    for (const TextColumn& text : impl->data.texts) example.push_back(torch::ones({1, text.max_len}, at::kLong));
    for (int call = 0; call < 3; ++call) impl->outputs(example);
    Predictor predictor;
    predictor.impl_ = std::move(impl);
    return predictor;
}

std::vector<Prediction> Predictor::predict_targets(const RawRow& row) const {
    return decode_row(impl_->data, impl_->outputs(impl_->data.encode(row)));
}

Prediction Predictor::predict(const RawRow& row) const {
    return predict_targets(row).front();
}

}  // namespace embark
