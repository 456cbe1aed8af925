#include "fit_identity.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>
#include <typeinfo>

#include <torch/nn/module.h>
#include <torch/types.h>
#include <c10/util/Type.h>
#include <nlohmann/json.hpp>

#include "../../callbacks/checkpoint/detail/checkpointer.h"
#include "../../callbacks/param_scheduler.h"
#include "../../core/detail/checksum.h"
#include "../../core/error.h"
#include "../../core/text.h"
#include "../../modules/sharded_embedding.h"
#include "../train_step.h"

namespace embark {

namespace {

/// `text` where it is short enough for a message, else what tells it from others.
std::string shown_or_checksum(const std::string& text) {
    constexpr size_t kMostShown = 160;
    return text.size() <= kMostShown ? text : concat("checksum ", crc32_hex({text}));
}

void add_rows(StateDict& identity, const std::string& part, const DataLoader& loader) {
    for (const auto& [name, value] : loader.facts()) {
        identity.set(concat(name, " of the ", part, " rows"), value);
    }
    identity.set(concat("weights of the ", part, " rows"), std::string(loader.is_weighted() ? "given" : "none"));
}

void add_preprocessing(StateDict& identity, const Preprocessing& data) {
    int64_t number = 0;
    for (const auto& [name, vocabulary] : data.classes()) {
        const std::string column = is_utf8(name) ? concat("'", name, "'") : concat("column ", number);
        ++number;
        Crc32 sum;
        for (const std::string& value : vocabulary.names()) {
            sum.add(value);
            sum.add({"\0", 1});
        }
        identity.set("vocabulary of " + column, concat(vocabulary.size(), " entries, checksum ", sum.hex()));
    }
    constexpr size_t kMostParsed = 1 << 20;  // longer ones are vocabularies for the most part
    const std::string fitted = data.fitted();
    const auto parts = fitted.size() > kMostParsed
                           ? nlohmann::json()
                           : nlohmann::json::parse(fitted, nullptr, /*allow_exceptions=*/false);
    if (!parts.is_object()) {
        identity.set("fit of the preprocessing", shown_or_checksum(fitted));
        return;
    }
    for (const auto& [name, value] : parts.items()) {
        identity.set(concat("fit of the preprocessing's ", name), shown_or_checksum(value.dump()));
    }
}

/// The model as it prints itself, without the rows of sharded tables that are this process's.
std::string text_of(const torch::nn::Module& module) {
    std::ostringstream stream;
    stream << module;
    std::string text = stream.str();
    for (const auto& [name, table] : sharded_embeddings(module)) {
        const std::string rows = concat(", rows=[", table->rows().begin, ", ", table->rows().end, ")");
        if (const size_t at = text.find(rows); at != std::string::npos) text.erase(at, rows.size());
    }
    return text;
}

std::string shapes_of(const torch::nn::Module& module) {
    const auto sharded = sharded_embeddings(module);
    std::ostringstream text;
    const auto add = [&](const std::string& name, const at::Tensor& tensor) {
        if (!tensor.defined() || sharded.contains(name)) return;
        text << name << " " << tensor.scalar_type() << " " << tensor.sizes() << "; ";
    };
    for (const auto& item : module.named_parameters()) add(item.key(), item.value());
    for (const auto& item : module.named_buffers()) add(item.key(), item.value());
    return text.str();
}

std::string frozen_parameters(const torch::nn::Module& module) {
    std::vector<std::string> names;
    for (const auto& item : module.named_parameters()) {
        if (!item.value().requires_grad()) names.push_back(item.key());
    }
    return names.empty() ? "none" : shown_or_checksum(join(names));
}

/// The first line of how the model prints itself, which tells what it was made with, and a checksum of the rest.
std::string shown_model(const torch::nn::Module& module) {
    const std::string text = text_of(module);
    std::string first = text.substr(0, text.find('\n'));
    const bool is_all = first.size() == text.size();
    if (first.ends_with('(')) first.pop_back();  // its children follow
    return is_all ? shown_or_checksum(text) : concat(shown_or_checksum(first), ", parts of checksum ", crc32_hex({text}));
}

void add_model(StateDict& identity, const FitDescription& fit) {
    const torch::nn::Module& module = fit.model.module();
    identity.set("model", shown_model(module));
    identity.set("shapes of the model's tensors", shown_or_checksum(shapes_of(module)));
    identity.set("frozen parameters", frozen_parameters(module));
    identity.set("way of calling the model", std::string(fit.model.calls_own_forward() ? "its forward" : "given"));
}

void add_training(StateDict& identity, const FitDescription& fit) {
    const LearnerOptions& options = fit.options;
    const auto text = [&](const std::string& name, std::string value) { identity.set(name, value); };
    text("loss", options.loss.name());
    std::vector<std::string> metrics, changing;
    for (const Metric& metric : options.metrics) metrics.push_back(metric.name());
    for (const auto& callback : fit.callbacks) {
        if (callback->needs_autograd()) changing.push_back(callback->name());
    }
    if (!options.loss.settings().empty()) text("settings of the loss", shown_or_checksum(options.loss.settings()));
    std::map<std::string, int> n_named;
    for (const auto& callback : fit.callbacks) {
        const std::string settings = callback->settings(), name = callback->name();
        if (settings.empty()) continue;
        const int n = ++n_named[name];
        text(concat("settings of the callback ", name, n > 1 ? concat(" ", n) : ""), settings);
    }
    text("list of metrics", join(metrics));
    text("list of callbacks that change the training", join(changing));
    text("training step", options.step           ? c10::demangle(typeid(*options.step).name())
                          : options.fused_step ? "fused where there is one"
                                               : "by autograd");
    text("embedding update", options.embedding_update == EmbeddingUpdate::lazy ? "lazy" : "dense");
    text("optimizer", c10::demangle(typeid(fit.optimizer).name()));
    identity.set("weight decay of norm layers and biases", options.wd_bn_bias);
    for (const auto& [name, decay] : options.weight_decays) identity.set(concat("weight decay of ", name), decay);
    identity.set("training of frozen norm layers", options.train_bn);
    const auto& groups = fit.optimizer.groups();
    identity.set("number of parameter groups", static_cast<int64_t>(groups.size()));
    for (size_t g = 0; g + 1 < groups.size(); ++g) {
        for (const auto& [name, value] : groups[g].hyper) identity.set(concat(name, " of parameter group ", g), value);
    }
}

/// A schedule is a function: its values tell it from others, at the batches of this fit, some of which are left out
/// where there are many.
void add_schedules(StateDict& identity, const FitDescription& fit) {
    constexpr int64_t kMostBatches = 1000;
    const int64_t n_batches = fit.n_epoch * fit.dls.train().size();
    std::map<std::string, std::vector<double>> coarse, fine;
    const auto add = [&](const Schedules& schedules, bool own) {
        for (const auto& [name, schedule] : schedules) {
            for (int i = 0; own && i <= 10; ++i) coarse[name].push_back(schedule(i / 10.0));
            const int64_t n = std::min(n_batches, kMostBatches);
            for (int64_t i = 0; i < n; ++i) {
                const int64_t batch = n_batches <= kMostBatches ? i : i * (n_batches / n);
                fine[name].push_back(schedule(static_cast<double>(batch) / static_cast<double>(n_batches)));
            }
        }
    };
    for (const Schedules& group : fit.schedules) add(group, /*own=*/true);
    for (const auto& callback : fit.callbacks) {
        const auto* scheduler = dynamic_cast<const ParamScheduler*>(callback.get());
        if (scheduler == nullptr) continue;
        for (const Schedules& group : scheduler->groups()) add(group, /*own=*/false);
    }
    for (const auto& [name, list] : coarse) identity.set("schedule of " + name, list);
    for (const auto& [name, list] : fine) {
        const std::string_view bytes(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(double));
        identity.set(concat("schedule of ", name, ", batch by batch"), concat("checksum ", crc32_hex({bytes})));
    }
}

}  // namespace

StateDict fit_identity(const FitDescription& fit) {
    const DataLoader& train = fit.dls.train();
    StateDict identity;
    identity.set(kIdentityFormat, int64_t{2});
    identity.set("number of epochs", fit.n_epoch);
    identity.set("number of training rows", train.rows());
    identity.set("number of validation rows", fit.dls.has_valid() ? fit.dls.valid().rows() : 0);
    identity.set("batch size", train.options().batch_size);
    identity.set("shuffle", train.options().shuffle);
    identity.set("drop_last", train.options().drop_last);
    identity.set("seed of the data", static_cast<int64_t>(train.options().seed));
    for (const auto& [name, value] : train.order_settings()) identity.set(name, value);
    identity.set("number of earlier epochs", fit.earlier_epochs);
    for (const auto& [name, value] : fit.optimizer.groups().back().hyper) identity.set(name, value);
    add_rows(identity, "training", train);
    if (fit.dls.has_valid()) {
        add_rows(identity, "validation", fit.dls.valid());
        identity.set("batch size in validation", fit.dls.valid().options().batch_size);
    }
    if (fit.dls.preprocessing()) add_preprocessing(identity, *fit.dls.preprocessing());
    add_model(identity, fit);
    add_training(identity, fit);
    add_schedules(identity, fit);
    return identity;
}

}  // namespace embark
