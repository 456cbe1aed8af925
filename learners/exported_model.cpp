#include "exported_model.h"

#include <algorithm>
#include <string_view>

#include <torch/script.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../core/text.h"
#include "../data/tabular_json.h"
#include "exported_archive.h"
#include "script_attributes.h"
#include "torchscript_call.h"

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

ExportedModel::Info describe(const Module& module, const nlohmann::json& metadata) {
    ExportedModel::Info info;
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

}  // namespace

struct ExportedModel::Impl {
    std::string name;
    Module module;
    Info info;
    std::optional<TabularData> tabular;

    IValue call(const std::string& method, std::vector<IValue> arguments) const {
        try {
            return call_method(module, method, std::move(arguments));
        } catch (const std::exception& error) {
            fail(name, ": ", method, " failed: ", torch_message(error));
        }
    }

    void require_collab(std::string_view method) const {
        require(info.kind == "collab", name, " has no method ", method,
                ": it takes encoded tensors only, so call forward");
    }

    const TabularData& require_tabular() const {
        require(tabular.has_value(), name, " predicts no rows of a table: its kind is ", info.kind);
        return *tabular;
    }

    Tensors forward(const Tensors& inputs) const {
        return as_tensors(call("forward", std::vector<IValue>(inputs.begin(), inputs.end())));
    }

    /// The outputs for encoded rows, after the activation of each target.
    Tensors outputs(const Tensors& inputs) const {
        Tensors outputs = forward(inputs);
        for (size_t i = 0; i < outputs.size(); ++i) {
            if (tabular->targets.at(i).is_class()) outputs[i] = at::softmax(outputs[i], 1);
        }
        return outputs;
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

ExportedModel ExportedModel::load(const std::filesystem::path& path) {
    auto impl = std::make_shared<Impl>();
    impl->name = path.string();
    try {
        auto [module, metadata] = read_exported_archive(path);
        impl->module = std::move(module);
        impl->info = describe(impl->module, metadata);
        if (impl->info.kind == "tabular") impl->tabular = tabular_from_json(metadata.at("preprocessing"));
    } catch (const nlohmann::json::exception& error) {
        fail(impl->name, " cannot be read: ", error.what());
    }
    ExportedModel model;
    model.impl_ = std::move(impl);
    return model;
}

const ExportedModel::Info& ExportedModel::info() const {
    return impl_->info;
}

Tensors ExportedModel::forward(const Tensors& inputs) const {
    const auto& schema = impl_->module.get_method("forward").function().getSchema();
    const size_t expected = schema.arguments().size() - 1;  // without self
    require(inputs.size() == expected, impl_->name, ": forward takes ", expected,
            expected == 1 ? " tensor" : " tensors", ", but got ", inputs.size());
    return impl_->forward(inputs);
}

std::vector<TargetPredictions> ExportedModel::predict(const Table& table, EncodingCounts* counts) const {
    const TabularData& data = impl_->require_tabular();
    const Tensors inputs = data.encode(table, counts);
    std::vector<Tensors> parts(data.targets.size());
    // In parts, so that memory does not grow with the table.
    constexpr int64_t kRows = 4096;
    for (int64_t first = 0; first == 0 || first < table.rows(); first += kRows) {
        Tensors part;
        for (const at::Tensor& input : inputs) part.push_back(input.slice(0, first, first + kRows));
        const Tensors outputs = impl_->outputs(part);
        for (size_t i = 0; i < outputs.size(); ++i) parts[i].push_back(outputs[i]);
    }
    Tensors outputs;
    for (const Tensors& of_target : parts) outputs.push_back(at::cat(of_target));
    return decode_outputs(data, outputs);
}

std::vector<Prediction> ExportedModel::predict(const RawRow& row) const {
    const TabularData& data = impl_->require_tabular();
    return decode_row(data, impl_->outputs(data.encode(row)));
}

at::Tensor ExportedModel::predict(const std::vector<std::string>& users, const std::vector<std::string>& items) const {
    impl_->require_collab("predict");
    require(users.size() == items.size(), "predict needs one item for each user, but got ", users.size(), " users and ",
            items.size(), " items");
    return impl_->call("predict", {c10::List<std::string>(users), c10::List<std::string>(items)}).toTensor();
}

bool ExportedModel::knows_user(const std::string& user) const {
    impl_->require_collab("knows_user");
    return impl_->module.attr(std::string(kScriptPrefix) + "user_index").toGenericDict().contains(user);
}

std::vector<Scored> ExportedModel::recommend(const std::string& user, int64_t k) const {
    impl_->require_collab("recommend");
    return impl_->ranked("recommend", user, k);
}

std::vector<Scored> ExportedModel::similar(const std::string& item, int64_t k) const {
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
