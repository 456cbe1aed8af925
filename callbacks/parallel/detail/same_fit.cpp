#include "same_fit.h"

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../data/loaders/dataloaders.h"
#include "../../../distributed/strategy.h"
#include "../../../modules/losses/losses.h"
#include "../../../modules/sharded_embedding.h"
#include "../../../optim/optimizer.h"
#include "../../training_state.h"

namespace embark {

namespace {

/// What must be alike, in the order in which it is best named.
using Facts = std::vector<std::pair<std::string, std::string>>;

void add_loader(Facts& facts, const std::string& part, const DataLoader& loader) {
    const auto& options = loader.options();
    facts.emplace_back(concat("number of ", part, " rows"), concat(loader.rows()));
    facts.emplace_back(concat("batch size in ", part), concat(options.batch_size));
    facts.emplace_back(concat("order of ", part, " rows"),
                       options.shuffle ? concat("shuffled with seed ", options.seed) : "as they are");
    facts.emplace_back(concat("drop_last in ", part), options.drop_last ? "on" : "off");
    for (const auto& [name, value] : loader.order_settings()) facts.emplace_back(name, concat(value));
    for (const auto& [name, value] : loader.facts()) {
        facts.emplace_back(concat(name, " of the ", part, " rows"), value);
    }
}

Facts facts_of(const TrainingState& state) {
    Facts facts;
    const auto add_tensor = [&](const std::string& name, const at::Tensor& tensor) {
        facts.emplace_back(concat("'", name, "' of the model"),
                           tensor.defined() ? concat(tensor.scalar_type(), " ", tensor.sizes()) : "undefined");
    };
    const auto tables = sharded_embeddings(*state.model);
    for (const auto& [name, table] : tables) {
        const auto& sizes = table->options;
        facts.emplace_back(concat("'", name, "' of the model"),
                           concat("sharded [", sizes.num_embeddings, ", ", sizes.embedding_dim, "]"));
    }
    for (const auto& item : state.model->named_parameters()) {
        if (!tables.contains(item.key())) add_tensor(item.key(), item.value());
    }
    for (const auto& item : state.model->named_buffers()) add_tensor(item.key(), item.value());
    if (state.dls != nullptr) {
        add_loader(facts, "training", state.dls->train());
        if (state.dls->has_valid()) add_loader(facts, "validation", state.dls->valid());
    }
    facts.emplace_back("number of epochs", concat(state.n_epoch));
    if (state.loss_func != nullptr) facts.emplace_back("loss", state.loss_func->name());
    const auto& groups = state.optimizer->groups();
    facts.emplace_back("number of parameter groups", concat(groups.size()));
    for (size_t g = 0; g < groups.size(); ++g) {
        for (const auto& [name, value] : groups[g].hyper) {
            facts.emplace_back(concat(name, " of parameter group ", g), concat(value));
        }
    }
    return facts;
}

}  // namespace

void require_same_fit(Strategy& strategy, const TrainingState& state) {
    const auto texts = strategy.all_gather(nlohmann::json(facts_of(state)).dump());
    const auto first = nlohmann::json::parse(texts.front()).get<Facts>();
    const std::map<std::string, std::string> of_main(first.begin(), first.end());
    for (size_t rank = 1; rank < texts.size(); ++rank) {
        const auto own = nlohmann::json::parse(texts[rank]).get<Facts>();
        const std::map<std::string, std::string> of_rank(own.begin(), own.end());
        std::vector<std::string> differences;
        for (const auto& [name, value] : first) {
            const auto found = of_rank.find(name);
            const std::string there = found == of_rank.end() ? "none" : found->second;
            if (there != value) differences.push_back(concat(name, " (", there, ", where rank 0 has ", value, ")"));
        }
        for (const auto& [name, value] : own) {
            if (!of_main.contains(name)) differences.push_back(concat(name, " (", value, ", where rank 0 has none)"));
        }
        if (differences.size() > 4) {
            const auto more = differences.size() - 4;
            differences.resize(4);
            differences.push_back(concat(more, " more"));
        }
        require(differences.empty(), "Rank ", rank,
                " cannot train together with rank 0, it differs in: ", join(differences),
                "; all processes need the same program, settings and data");
    }
}

}  // namespace embark
