#include "tabular_learner.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/bincount.h>
#include <torch/types.h>

#include "../callbacks/category_dropout.h"
#include "../core/error.h"
#include "../core/text.h"
#include "../modules/multi_input_model.h"
#include "../modules/tabular_model.h"
#include "../modules/text_encoder.h"
#include "detail/learner_impl.h"
#include "detail/metric_units.h"

namespace embark {

namespace {

std::vector<EmbeddingSize> embedding_sizes(const TabularData& data, const std::map<std::string, int64_t>& widths) {
    std::vector<std::string> names;
    std::vector<EmbeddingSize> sizes;
    for (const CategoryColumn& column : data.categories) {
        names.push_back(column.name);
        const int64_t rows = column.vocabulary.size();
        const auto given = widths.find(column.name);
        sizes.push_back({rows, given == widths.end() ? embedding_width(rows) : given->second});
    }
    for (const auto& [name, width] : widths) {
        const bool known = std::find(names.begin(), names.end(), name) != names.end();
        require<UsageError>(known, "emb_szs names '", name, "', which is no column of categories",
                            name_hint(name, names));
    }
    return sizes;
}

std::vector<TabularOutput> outputs_of(const TabularData& data) {
    std::vector<TabularOutput> outputs;
    for (const TargetColumn& target : data.targets) {
        outputs.push_back({.size = target.width(), .classes = target.is_class() && !target.is_multi_label()});
    }
    return outputs;
}

/// `range`, which is in the target's own units, as the model learns them.
Range learned_range(const Range& range, const TabularData& data) {
    if (range.empty()) return range;
    check_y_range(range);
    const auto is_value = [](const TargetColumn& target) { return !target.is_class(); };
    require<UsageError>(std::none_of(data.targets.begin(), data.targets.end(),
                                     [](const TargetColumn& target) { return target.is_multi_label(); }),
                        "A y_range does not go with a target of several labels a row; leave it out");
    require<UsageError>(std::count_if(data.targets.begin(), data.targets.end(), is_value) == 1,
                        "A y_range is for one target of values, not for ", data.targets.size(),
                        " targets; leave it out, or predict one at a time");
    const TargetColumn& target = *std::find_if(data.targets.begin(), data.targets.end(), is_value);
    const auto learned = [&](double value) {
        require<UsageError>(!target.log || value > 0, "A y_range of ", value,
                            " has no logarithm, which the target is learned by; both ends must be above 0");
        return ((target.log ? std::log(value) : value) - target.mean) / target.scale;
    };
    return {learned(range.low), learned(range.high)};
}

/// rows / (classes · rows of the class) of each class of target `target`.
std::vector<double> balanced_weights(const TabularDataLoaders& dls, size_t target) {
    const int64_t n_classes = dls.targets()[target].width();
    const at::Tensor classes = dls.train().data().targets.at(target).flatten().cpu();
    const at::Tensor rows = at::bincount(classes, {}, n_classes).to(at::kDouble);
    std::vector<double> weights;
    for (int64_t c = 0; c < n_classes; ++c) {
        const auto n = rows[c].item<double>();
        require(n > 0, "Class '", dls.target_classes(target).at(static_cast<size_t>(c)),
                "' has no training row, so the classes cannot be balanced");
        weights.push_back(static_cast<double>(classes.numel()) / (static_cast<double>(n_classes) * n));
    }
    return weights;
}

Loss class_loss(const TabularDataLoaders& dls, const TabularLearnerOptions& config, size_t target) {
    if (dls.targets()[target].is_multi_label()) {
        require<UsageError>(!config.balance_classes, "balance_classes is for targets of one class a row, and '",
                            dls.targets()[target].name, "' has several labels");
        return bce_with_logits_loss_flat();
    }
    if (!config.balance_classes) return cross_entropy_loss_flat();
    return cross_entropy_loss_flat({.weight = balanced_weights(dls, target)});
}

Loss loss_of(const TabularDataLoaders& dls, const TabularLearnerOptions& config) {
    const TabularData& data = dls.tabular();
    require<UsageError>(!config.balance_classes || std::any_of(data.targets.begin(), data.targets.end(),
                                                               [](const auto& target) { return target.is_class(); }),
                        "balance_classes is for targets that are classes, and ", data.targets.front().name, " is not");
    require<UsageError>(config.target_weights.empty() || config.target_weights.size() == data.targets.size(),
                        "target_weights has ", config.target_weights.size(), " weights for ", data.targets.size(),
                        " targets");
    std::vector<WeightedLoss> parts;
    for (size_t i = 0; i < data.targets.size(); ++i) {
        Loss loss = data.targets[i].is_class() ? class_loss(dls, config, i) : mse_loss_flat();
        if (config.members > 1) loss = members_loss(std::move(loss));
        parts.push_back({std::move(loss), config.target_weights.empty() ? 1 : config.target_weights[i]});
    }
    return parts.size() == 1 && config.target_weights.empty() ? parts.front().loss : sum_loss(std::move(parts));
}

TabularModelOptions model_options(const TabularDataLoaders& dls, const TabularLearnerOptions& config) {
    const TabularData& data = dls.tabular();
    TabularModelOptions options{.embeddings = embedding_sizes(data, config.emb_szs),
                                .n_cont = static_cast<int64_t>(data.numbers.size()),
                                .outputs = outputs_of(data),
                                .layers = config.layers,
                                .ps = config.ps,
                                .embed_p = config.embed_p,
                                .y_range = learned_range(config.y_range, data),
                                .use_bn = config.use_bn,
                                .bn_final = config.bn_final,
                                .bn_cont = config.bn_cont,
                                .lin_first = config.lin_first,
                                .numbers = config.numbers,
                                .members = config.members};
    if (options.numbers.kind == NumberEmbeddingKind::piecewise_linear && options.numbers.bins.empty()) {
        options.numbers.bins = quantile_bins(dls.train().sample().inputs.at(1));
    }
    if (config.max_values > 0 && options.n_cont > 0) {
        options.values.values = few_values(dls.train().sample().inputs.at(1), config.max_values);
        const bool none = std::all_of(options.values.values.begin(), options.values.values.end(),
                                      [](const auto& values) { return values.empty(); });
        if (none) options.values.values.clear();
    }
    return options;
}

/// The name of a text's branch: parameters' names are paths, in which a point has a meaning.
std::string branch_name(const std::string& column) {
    std::string name = "text_" + column;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
}

/// Texts and the table, each through a branch of its own.
Model multi_input_model(const TabularDataLoaders& dls, const TabularLearnerOptions& config) {
    const TabularData& data = dls.tabular();
    require<UsageError>(data.targets.size() == 1, "A model with texts predicts one target, not ", data.targets.size());
    require<UsageError>(config.members == 1, "A model with texts has one member, not ", config.members);
    require<UsageError>(!config.layers.empty(), "A model with texts needs at least one layer for the table");
    require<UsageError>(config.text.n_tokens == 0, "text.n_tokens follows from the vocabulary of the texts; leave ",
                        config.text.n_tokens, " out");
    std::vector<Branch> branches;
    for (size_t i = 0; i < data.texts.size(); ++i) {
        TextEncoderOptions options = config.text;
        options.n_tokens = data.texts[i].vocabulary.size();
        branches.emplace_back(branch_name(data.texts[i].name), TextEncoder(options),
                              std::vector<int64_t>{static_cast<int64_t>(2 + i)});
    }
    if (!data.categories.empty() || !data.numbers.empty()) {
        TabularModelOptions body = model_options(dls, config);
        const int64_t width = body.layers.back();
        body.layers.pop_back();
        body.outputs = {{.size = width}};
        body.y_range = {};
        branches.emplace_back("table", TabularModel(body), std::vector<int64_t>{0, 1}, width);
    }
    return Model(MultiInputModel(std::move(branches), {.n_out = data.targets.front().width(),
                                                       .layers = config.head,
                                                       .ps = config.ps.empty() ? 0 : config.ps.front(),
                                                       .y_range = learned_range(config.y_range, data)}));
}

}  // namespace

TabularLearner::TabularLearner(TabularDataLoaders dls, Model model, LearnerOptions options)
    : Learner(dls, std::move(model), std::move(options)), tabular_dls_(std::move(dls)) {}

void TabularLearner::set_dls(TabularDataLoaders dls) {
    Learner::set_dls(dls);
    tabular_dls_ = std::move(dls);
}

void TabularLearner::set_dls(DataLoaders) {
    fail<UsageError>("A TabularLearner takes TabularDataLoaders in set_dls");
}

std::vector<Prediction> TabularLearner::predict_targets(const RawRow& row) {
    return decode_row(tabular_dls_.tabular(), predict_all(tabular_dls_.tabular().encode(row)));
}

Prediction TabularLearner::predict(const RawRow& row) {
    return predict_targets(row).front();
}

std::vector<TargetPredictions> TabularLearner::predict_table(const Table& table, EncodingCounts* counts) {
    const TabularData& data = tabular_dls_.tabular();
    const Tensors inputs = data.encode(table, counts);
    if (table.rows() > 0) {
        const DataLoader rows({.inputs = inputs, .targets = {}},
                              {.batch_size = 4096, .device = tabular_dls_.tabular_options().device});
        return decode_outputs(data, get_preds(rows).all_predictions);
    }
    Tensors outputs;  // of one row, since a model need not know what to do with none
    Tensors one_row;
    for (const at::Tensor& input : inputs) one_row.push_back(torch::zeros({1, input.size(1)}, input.options()));
    for (const at::Tensor& output : predict_all(one_row)) {
        outputs.push_back(output.narrow(0, 0, 0));
    }
    return decode_outputs(data, outputs);
}

std::map<std::string, std::vector<float>> TabularLearner::choose_thresholds(LabelThresholdOptions options) {
    const auto& targets = tabular_dls_.targets();
    require<UsageError>(
        std::ranges::any_of(targets, [](const auto& target) { return target.is_multi_label(); }),
        "Thresholds are for targets of several labels a row (TabularOptions::y_multi_label), and there is "
        "none");
    const Predictions found = get_preds();
    std::map<std::string, std::vector<float>> chosen;
    std::vector<std::vector<float>> of_targets(targets.size());
    Loss loss = this->loss();
    for (size_t i = 0; i < targets.size(); ++i) {
        if (!targets[i].is_multi_label()) continue;
        of_targets[i] = best_label_thresholds(found.all_predictions.at(i), found.all_targets.at(i), options);
        chosen[targets[i].name] = of_targets[i];
        const at::Tensor thresholds = torch::tensor(of_targets[i]);
        loss = loss.with_decode([thresholds](const at::Tensor& p) { return p > thresholds.to(p.device()); }, i);
    }
    set_dls(tabular_dls_.with_thresholds(of_targets));
    impl_->options.loss = loss;
    return chosen;
}

at::Tensor TabularLearner::embedding(const std::string& column) const {
    const auto& columns = tabular_dls_.categories();
    std::vector<std::string> names;
    for (const auto& known : columns) names.push_back(known.name);
    const auto found = std::find(names.begin(), names.end(), column);
    require(found != names.end(), "There is no column of categories '", column, "'", name_hint(column, names));
    const std::string parameter = concat("embeds.", found - names.begin(), ".weight");
    const auto parameters = model().module().named_parameters();
    const at::Tensor* of_branch = parameters.find("table." + parameter);
    const at::Tensor* weight = of_branch ? of_branch : parameters.find(parameter);
    require(weight != nullptr, "The model ", model().module().name(), " has no parameter '", parameter,
            "', where a TabularModel keeps the vectors of '", column, "'");
    return weight->detach().to(at::kCPU);
}

at::Tensor TabularLearner::embedding(const std::string& column, const std::string& category) const {
    const at::Tensor vectors = embedding(column);
    const Vocabulary vocabulary = tabular_dls_.classes().at(column);
    require(vocabulary.has(category), "Column '", column, "' has no category '", category, "'",
            name_hint(category, vocabulary.names()));
    return vectors[vocabulary.index(category)];
}

TabularLearner tabular_learner(TabularDataLoaders dls, const TabularLearnerOptions& config, LearnerOptions options) {
    Model model =
        dls.tabular().texts.empty() ? Model(TabularModel(model_options(dls, config))) : multi_input_model(dls, config);
    require<UsageError>(!config.balance_classes || !options.loss,
                        "balance_classes weighs the classes of the usual loss; give a loss of your own their weights");
    if (!options.loss) options.loss = loss_of(dls, config);
    bring_to_units(options.metrics, dls.tabular());
    const double hidden = dls.tabular_options().hide_categories;
    if (hidden > 0 && !dls.categories().empty()) {
        options.callbacks.push_back(category_dropout(hidden));
    }
    return TabularLearner(std::move(dls), std::move(model), std::move(options));
}

}  // namespace embark
