#include "predictor.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <string_view>

#include <torch/script.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../core/text.h"
#include "detail/export_format.h"
#include "detail/exported_archive.h"
#include "detail/row_network.h"
#include "detail/tabular_encoder_json.h"
#include "detail/torchscript_call.h"

namespace embark {

namespace {

using torch::jit::IValue;
using torch::jit::Module;

void softmax(std::vector<float>::iterator first, std::vector<float>::iterator last) {
    const float highest = *std::max_element(first, last);
    float sum = 0;
    for (auto value = first; value != last; ++value) sum += * value = std::exp(*value - highest);
    for (auto value = first; value != last; ++value) *value /= sum;
}

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

Predictor::Info describe(const Module& module, const nlohmann::json& metadata) {
    Predictor::Info info;
    info.kind = metadata.at("kind").get<std::string>();
    info.version = metadata.at("version").get<std::string>();
    info.model = metadata.at("model").get<std::string>();
    info.inputs = metadata.value("inputs", info.inputs);
    info.outputs = metadata.value("outputs", info.outputs);
    info.vocabulary_sizes = metadata.value("vocabulary_sizes", info.vocabulary_sizes);
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
    return info;
}

std::vector<std::string> to_strings(const c10::List<IValue>& list) {
    std::vector<std::string> strings;
    strings.reserve(list.size());
    for (const IValue& value : list) strings.push_back(value.toStringRef());
    return strings;
}

/// Answers one raw row of a table at a time.
class RowPredictor {
public:
    RowPredictor(const TabularEncoder& encoder, const Module& module, const nlohmann::json& network)
        : encoder_(encoder) {
        if (network.is_object()) {
            network_.emplace(module, network);
            return;
        }
        module_ = torch::jit::freeze(module);
        warm_up();
    }

    std::vector<Prediction> operator()(const RawRow& row) const {
        if (network_) return decode_row(encoder_, network_outputs(row));
        return decode_row(encoder_, outputs(encoder_.encode(row)));
    }

private:
    /// The outputs for one encoded row, after the activation of each target.
    Tensors outputs(const Tensors& inputs) const {
        const c10::InferenceMode inference;
        Tensors outputs = as_tensors(Module(module_).forward(std::vector<IValue>(inputs.begin(), inputs.end())));
        for (size_t i = 0; i < outputs.size(); ++i) {
            if (encoder_.targets.at(i).is_class()) outputs[i] = at::softmax(outputs[i], 1);
        }
        return outputs;
    }

    std::vector<float> network_outputs(const RawRow& row) const {
        std::vector<int64_t> codes(encoder_.categories.size());
        std::vector<float> numbers(encoder_.numbers.size()), outputs;
        encoder_.encode(row, codes.data(), numbers.data());
        (*network_)(codes.data(), numbers.data(), outputs);
        auto first = outputs.begin();
        for (const TargetColumn& target : encoder_.targets) {
            if (target.is_class()) softmax(first, first + target.width());
            first += target.width();
        }
        return outputs;
    }

    /// The first calls of TorchScript are slow: it looks at them and then compiles.
    void warm_up() const {
        Tensors example = {torch::zeros({1, static_cast<int64_t>(encoder_.categories.size())}, at::kLong),
                           torch::zeros({1, static_cast<int64_t>(encoder_.numbers.size())})};
        for (const TextColumn& text : encoder_.texts) example.push_back(torch::ones({1, text.max_len}, at::kLong));
        for (int call = 0; call < 3; ++call) outputs(example);
    }

    const TabularEncoder& encoder_;
    /// Where the model is one that it knows; else the module.
    std::optional<RowNetwork> network_;
    Module module_;
};

}  // namespace

struct Predictor::Impl {
    std::string name;
    Module module;
    Info info;
    std::optional<TabularEncoder> encoder;
    /// What row_network_json said of the model.
    nlohmann::json network;
    /// Made by rows().
    mutable std::once_flag rows_are_ready;
    mutable std::optional<RowPredictor> row_predictor;

    IValue call(const std::string& method, std::vector<IValue> arguments) const {
        try {
            return call_method(module, method, std::move(arguments));
        } catch (const std::exception& error) {
            fail(name, ": ", method, " failed: ", torch_message(error));
        }
    }

    void require_collab(std::string_view method) const {
        require(info.kind == "collab", name, " has no method ", method, ": ",
                info.kind == "tensors" ? "it takes encoded tensors only, so call forward"
                                       : "it takes rows of a table, so call predict with these");
    }

    const TabularEncoder& require_tabular() const {
        require(encoder.has_value(), name, " predicts no rows of a table: its kind is ", info.kind);
        return *encoder;
    }

    const RowPredictor& rows() const {
        std::call_once(rows_are_ready, [&] {
            try {
                row_predictor.emplace(require_tabular(), module, network);
            } catch (const nlohmann::json::exception& error) {
                fail(name, " cannot be read: ", error.what());
            }
        });
        return *row_predictor;
    }

    Tensors forward(const Tensors& inputs) const {
        return as_tensors(call("forward", std::vector<IValue>(inputs.begin(), inputs.end())));
    }

    std::vector<Scored> ranked(const std::string& method, const std::string& of, int64_t k) const {
        require<UsageError>(k > 0, "Invalid number of results ", k, ": at least 1 is needed");
        const IValue result = call(method, {of, k});
        const auto& elements = result.toTupleRef().elements();
        const std::vector<std::string> names = to_strings(elements[0].toList());
        const at::Tensor scores = elements[1].toTensor().to(at::kDouble).contiguous();
        std::vector<Scored> ranking;
        for (size_t i = 0; i < names.size(); ++i) ranking.push_back({names[i], scores.const_data_ptr<double>()[i]});
        return ranking;
    }
};

Predictor Predictor::open(const std::filesystem::path& path) {
    auto impl = std::make_shared<Impl>();
    impl->name = path.string();
    try {
        auto [module, metadata] = read_exported_archive(path);
        impl->module = std::move(module);
        impl->info = describe(impl->module, metadata);
        if (impl->info.kind == "tabular") {
            impl->encoder = tabular_encoder_from_json(metadata.at("preprocessing"));
            impl->network = metadata.value("network", nlohmann::json());
            impl->module.eval();
        }
    } catch (const nlohmann::json::exception& error) {
        fail(impl->name, " cannot be read: ", error.what());
    }
    Predictor predictor;
    predictor.impl_ = std::move(impl);
    return predictor;
}

Predictor Predictor::load(const std::filesystem::path& path) {
    Predictor predictor = open(path);
    if (predictor.impl_->encoder) predictor.impl_->rows();
    return predictor;
}

const Predictor::Info& Predictor::info() const {
    return impl_->info;
}

Tensors Predictor::forward(const Tensors& inputs) const {
    const auto& schema = impl_->module.get_method("forward").function().getSchema();
    const size_t expected = schema.arguments().size() - 1;  // without self
    require(inputs.size() == expected, impl_->name, ": forward takes ", expected,
            expected == 1 ? " tensor" : " tensors", ", but got ", inputs.size());
    return impl_->forward(inputs);
}

std::vector<Prediction> Predictor::predict_targets(const RawRow& row) const {
    return impl_->rows()(row);
}

Prediction Predictor::predict(const RawRow& row) const {
    return predict_targets(row).front();
}

std::vector<TargetPredictions> Predictor::predict_columns(const RawColumns& columns, EncodingCounts* counts) const {
    return predict_encoded(encoder().encode_columns(columns, counts));
}

const TabularEncoder& Predictor::encoder() const {
    return impl_->require_tabular();
}

std::vector<TargetPredictions> Predictor::predict_encoded(const Tensors& inputs) const {
    const std::vector<TargetColumn>& targets = encoder().targets;
    std::vector<Tensors> parts(targets.size());
    // In parts, so that memory does not grow with the table.
    constexpr int64_t kRows = 4096;
    for (int64_t first = 0; first == 0 || first < inputs.front().size(0); first += kRows) {
        Tensors part;
        for (const at::Tensor& input : inputs) part.push_back(input.slice(0, first, first + kRows));
        const Tensors outputs = impl_->forward(part);
        for (size_t i = 0; i < outputs.size(); ++i) {
            parts.at(i).push_back(targets[i].is_class() ? at::softmax(outputs[i], 1) : outputs[i]);
        }
    }
    Tensors outputs;
    for (const Tensors& of_target : parts) outputs.push_back(at::cat(of_target));
    return decode_outputs(encoder(), outputs);
}

at::Tensor Predictor::predict(const std::vector<std::string>& users, const std::vector<std::string>& items) const {
    impl_->require_collab("predict");
    require(users.size() == items.size(), "predict needs one item for each user, but got ", users.size(), " users and ",
            items.size(), " items");
    return impl_->call("predict", {c10::List<std::string>(users), c10::List<std::string>(items)}).toTensor();
}

bool Predictor::knows_user(const std::string& user) const {
    impl_->require_collab("knows_user");
    return impl_->module.attr(std::string(kScriptPrefix) + "user_index").toGenericDict().contains(user);
}

std::vector<Scored> Predictor::recommend(const std::string& user, int64_t k) const {
    impl_->require_collab("recommend");
    return impl_->ranked("recommend", user, k);
}

std::vector<Scored> Predictor::similar(const std::string& item, int64_t k) const {
    impl_->require_collab("similar");
    require(impl_->module.find_method("similar").has_value(), impl_->name, " has no method similar, since no ",
            "embedding of the items was found when it was exported; ExportOptions::item_factors names one");
    const auto index = impl_->module.attr(std::string(kScriptPrefix) + "item_index").toGenericDict();
    if (!index.contains(item)) {
        auto names = to_strings(impl_->module.attr(std::string(kScriptPrefix) + "items").toList());
        names.erase(names.begin());  // #na#
        fail(impl_->name, " has no item '", item, "'", name_hint(item, names));
    }
    return impl_->ranked("similar", item, k);
}

}  // namespace embark
