#include "feature_importance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../../plots/detail/plot_parts.h"

namespace embark {

namespace {

/// A column of the table, and where in the model's inputs stands what is made of it.
struct Feature {
    struct Place {
        size_t input;
        std::optional<int64_t> column;  // none: all of the input
    };
    std::string name;
    std::vector<Place> places = {};
};

/// The column of the table that `name`, a category or a number, is made of, by the names of dates' parts.
std::string origin(const std::string& name, const std::map<std::string, std::string>& dates) {
    const auto date = dates.find(name);
    return date == dates.end() ? name : date->second;
}

std::vector<Feature> features_of(const TabularData& data) {
    std::map<std::string, std::string> dates;
    for (const DateColumn& date : data.dates) {
        for (const DatePartColumn& part : columns_of(date)) dates[part.name] = date.name;
    }
    std::map<std::string, std::vector<Feature::Place>> places;
    for (size_t i = 0; i < data.categories.size(); ++i) {
        const CategoryColumn& column = data.categories[i];
        const std::string& name = column.missing_in.empty() ? column.name : column.missing_in;
        places[origin(name, dates)].push_back({0, static_cast<int64_t>(i)});
    }
    const auto n_own = data.own_numbers().size();
    for (size_t i = 0; i < n_own; ++i) {
        places[origin(data.numbers[i].name, dates)].push_back({1, static_cast<int64_t>(i)});
    }
    const std::vector<DerivedNumber> derived = derived_numbers(data);
    for (size_t i = 0; i < derived.size(); ++i) {
        std::set<std::string> sources;  // a date may be one by several of its parts
        for (const std::string& source : derived[i].sources) sources.insert(origin(source, dates));
        for (const std::string& source : sources) places[source].push_back({1, static_cast<int64_t>(n_own + i)});
    }
    for (size_t i = 0; i < data.texts.size(); ++i) places[data.texts[i].name].push_back({2 + i, std::nullopt});
    std::vector<Feature> features;
    for (const std::string& name : data.input_names()) features.push_back({name, places[name]});
    return features;
}

/// `rows` with the values of one feature in another order.
TensorDataset shuffled(TensorDataset rows, const Feature& feature, const at::Tensor& order) {
    for (const Feature::Place& place : feature.places) {
        at::Tensor& input = rows.inputs.at(place.input);
        if (!place.column) {
            input = input.index_select(0, order);
            continue;
        }
        const at::Tensor column = torch::tensor({*place.column}, order.options());
        input = input.index_copy(1, column, input.index_select(1, column).index_select(0, order));
    }
    return rows;
}

std::vector<at::Tensor> permutations(int64_t rows, const FeatureImportanceOptions& options, at::Device device) {
    auto generator = at::detail::createCPUGenerator(options.seed);
    std::vector<at::Tensor> all;
    for (int64_t i = 0; i < options.n_repeats; ++i) {
        all.push_back(torch::randperm(rows, generator, at::TensorOptions(at::kLong)).to(device));
    }
    return all;
}

/// What is measured, and whether a larger value of it is worse.
struct Measure {
    std::string metric;
    double worse = 1;

    double operator()(TabularLearner& learn, const DataLoader& rows) const {
        const Validation found = learn.validate(rows);
        return worse * (metric.empty() ? found.loss : found.metrics.at(metric));
    }
};

Measure measure_of(const TabularLearner& learn, const std::string& metric) {
    if (metric.empty()) return {};
    std::vector<std::string> names;
    for (const Metric& known : learn.metrics()) {
        if (known.name() == metric) return {metric, known.direction() == Direction::higher_is_better ? -1.0 : 1.0};
        names.push_back(known.name());
    }
    fail("The learner has no metric '", metric, "' to measure the columns' importance by", name_hint(metric, names));
}

/// Leaves every submodule's mode and the random numbers' state as they were found.
class KeepState {
public:
    explicit KeepState(const torch::nn::Module& module) : random_(rng_state()) {
        for (const auto& part : module.modules()) modes_.emplace_back(part, part->is_training());
    }
    ~KeepState() {
        // Parents come before their children, so that what a parent's train() does to them is undone by their own.
        for (const auto& [module, training] : modes_) module->train(training);
        set_rng_state(random_);
    }
    KeepState(const KeepState&) = delete;
    KeepState& operator=(const KeepState&) = delete;

private:
    std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> modes_;
    at::Tensor random_;
};

FeatureImportance summarized(std::string name, std::vector<double> values) {
    const auto n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return {std::move(name), mean, std::sqrt(squares / n), std::move(values)};
}

}  // namespace

std::vector<FeatureImportance> feature_importance(TabularLearner& learn, const FeatureImportanceOptions& options) {
    return feature_importance(learn, learn.dls().valid(), options);
}

std::vector<FeatureImportance> feature_importance(TabularLearner& learn, const DataLoader& loader,
                                                  const FeatureImportanceOptions& options) {
    require<UsageError>(options.n_repeats >= 1, "Invalid n_repeats ", options.n_repeats, ": it must be at least 1");
    const Measure measure = measure_of(learn, options.metric);
    require(!loader.data().targets.empty(), "The importance of columns is measured on rows with targets");
    const KeepState keep(learn.model().module());

    const DataLoader in_order = loader.in_order();
    const double base = measure(learn, in_order);
    const auto orders = permutations(loader.rows(), options, loader.options().device);
    std::vector<FeatureImportance> importances;
    for (const Feature& feature : features_of(learn.tabular_dls().tabular())) {
        std::vector<double> values;
        for (const at::Tensor& order : orders) {
            values.push_back(measure(learn, DataLoader(shuffled(loader.data(), feature, order), in_order.options())) -
                             base);
        }
        importances.push_back(summarized(feature.name, std::move(values)));
    }
    const auto rank = [](const FeatureImportance& column) {
        return std::isnan(column.mean) ? -std::numeric_limits<double>::infinity() : column.mean;
    };
    std::stable_sort(importances.begin(), importances.end(),
                     [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
    return importances;
}

Plot plot_feature_importance(const std::vector<FeatureImportance>& importances) {
    using Json = nlohmann::json;
    constexpr size_t kMostBars = 60;
    require(!importances.empty(), "There is no column whose importance could be plotted");
    Json values = Json::array();
    for (size_t i = 0; i < std::min(importances.size(), kMostBars); ++i) {
        const FeatureImportance& column = importances[i];
        values.push_back({{"name", column.name},
                          {"mean", column.mean},
                          {"deviation", column.deviation},
                          {"low", column.mean - column.deviation},
                          {"high", column.mean + column.deviation}});
    }
    Json view = Json::parse(R"json({
        "height": {"step": 24},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": null, "axis": {"title": null, "labelLimit": 240}},
            "tooltip": [{"field": "name", "type": "nominal", "title": "column"},
                        {"field": "mean", "type": "quantitative", "title": "worse by", "format": ".4~g"},
                        {"field": "deviation", "type": "quantitative", "title": "±", "format": ".2~g"}]
        },
        "layer": [
            {"mark": {"type": "bar", "color": "#2a5cbb"},
             "encoding": {"x": {"field": "mean", "type": "quantitative",
                                "axis": {"title": "worse by, when shuffled", "format": ".4~g"}}}},
            {"mark": {"type": "rule", "color": "#222", "strokeWidth": 1.5},
             "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}}}
        ]
    })json");
    view["data"] = {{"values", std::move(values)}};
    return single_plot("Feature importance", std::move(view));
}

}  // namespace embark
