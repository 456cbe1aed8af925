#include "predictor.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include <torch/script.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../data/tabular_json.h"
#include "exported_archive.h"
#include "row_network.h"
#include "torchscript_call.h"

namespace embark {

namespace {

void softmax(std::vector<float>::iterator first, std::vector<float>::iterator last) {
    const float highest = *std::max_element(first, last);
    float sum = 0;
    for (auto value = first; value != last; ++value) sum += * value = std::exp(*value - highest);
    for (auto value = first; value != last; ++value) *value /= sum;
}

}  // namespace

struct Predictor::Impl {
    TabularData data;
    torch::jit::Module module;
    /// Where the model is one that it knows.
    std::optional<RowNetwork> network;

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

    std::vector<float> network_outputs(const RawRow& row) const {
        std::vector<int64_t> codes(data.categories.size());
        std::vector<float> numbers(data.numbers.size()), outputs;
        data.encode(row, codes.data(), numbers.data());
        (*network)(codes.data(), numbers.data(), outputs);
        auto first = outputs.begin();
        for (const TargetColumn& target : data.targets) {
            if (target.is_class()) softmax(first, first + target.width());
            first += target.width();
        }
        return outputs;
    }

    /// The first calls of TorchScript are slow: it looks at them and then compiles.
    void warm_up() const {
        Tensors example = {torch::zeros({1, static_cast<int64_t>(data.categories.size())}, at::kLong),
                           torch::zeros({1, static_cast<int64_t>(data.numbers.size())})};
        for (const TextColumn& text : data.texts) example.push_back(torch::ones({1, text.max_len}, at::kLong));
        for (int call = 0; call < 3; ++call) outputs(example);
    }
};

Predictor Predictor::load(const std::filesystem::path& path) {
    auto [module, metadata] = read_exported_archive(path);
    const std::string kind = metadata.value("kind", "");
    require(kind == "tabular", path.string(), " predicts no rows of a table: its kind is ", kind);
    module.eval();
    auto impl = std::make_shared<Impl>(
        Impl{.data = tabular_from_json(metadata.at("preprocessing")), .module = {}, .network = {}});
    if (metadata.contains("network") && !metadata.at("network").is_null()) {
        impl->network.emplace(module, metadata.at("network"));
    }
    impl->module = torch::jit::freeze(module);
    impl->warm_up();
    Predictor predictor;
    predictor.impl_ = std::move(impl);
    return predictor;
}

std::vector<Prediction> Predictor::predict_targets(const RawRow& row) const {
    if (impl_->network) return decode_row(impl_->data, impl_->network_outputs(row));
    return decode_row(impl_->data, impl_->outputs(impl_->data.encode(row)));
}

Prediction Predictor::predict(const RawRow& row) const {
    return predict_targets(row).front();
}

}  // namespace embark
