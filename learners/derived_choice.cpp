#include "derived_choice.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "../core/error.h"
#include "../core/text.h"
#include "detail/recipe_epochs.h"

namespace embark {

namespace {

/// Enough to tell what a model can make of its numbers, in seconds.
constexpr int64_t kTrialSteps = 600, kMostTrialEpochs = 20;

bool ends_with_word(const std::string& name, const std::vector<std::string_view>& words) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return std::ranges::any_of(words, [&](std::string_view word) {
        if (!lower.ends_with(word)) return false;
        // A word of its own in "pickup_lat", and none in "flat".
        const size_t begin = lower.size() - word.size();
        return begin == 0 || !std::isalpha(static_cast<unsigned char>(lower[begin - 1]));
    });
}

/// The two columns that are a latitude and a longitude by their names; nothing where there is not one of each.
std::optional<RotatedColumns> find_coordinates(const TabularData& data) {
    std::vector<std::string> latitudes, longitudes;
    for (const NumberColumn& column : data.own_numbers()) {
        if (ends_with_word(column.name, {"latitude", "lat"})) latitudes.push_back(column.name);
        if (ends_with_word(column.name, {"longitude", "long", "lon", "lng"})) longitudes.push_back(column.name);
    }
    if (latitudes.size() != 1 || longitudes.size() != 1) return std::nullopt;
    return RotatedColumns{latitudes.front(), longitudes.front()};
}

/// What may be derived, and how it is called.
struct Candidate {
    std::string name;
    std::vector<RotatedColumns> rotated = {};
    std::optional<NeighbourOptions> neighbours = {};
};

std::vector<Candidate> candidates(const TabularDataLoaders& plain) {
    const TabularData& data = plain.tabular();
    NeighbourOptions neighbours;
    const int64_t n_rows = plain.train().rows(), most = std::ranges::max(neighbours.counts);
    const bool searchable = n_rows > most && n_rows <= TabularOptions::kMostNeighbours && !data.own_numbers().empty();
    std::vector<Candidate> all;
    const auto coordinates = find_coordinates(data);
    if (coordinates) {
        const auto& [x, y] = *coordinates;
        all.push_back({.name = concat(x, " ± ", y), .rotated = {*coordinates}});
        neighbours.columns = {x, y};
        if (searchable)
            all.push_back({concat("that and the nearest rows by ", x, " and ", y), {*coordinates}, neighbours});
    } else if (searchable) {
        all.push_back({.name = "the nearest rows by all numbers", .neighbours = neighbours});
    }
    return all;
}

/// The loss of each validation row after a short training.
at::Tensor trial_losses(const TabularDataLoaders& dls, const TabularRecipe& recipe) {
    TabularLearnerOptions model = recipe.model;
    model.members = 1;
    LearnerOptions options{.lr = recipe.learner.lr, .weight_decay = recipe.learner.weight_decay, .progress = false};
    TabularLearner learn = tabular_learner(dls, model, options);
    learn.fit_one_cycle(std::min(epochs_for(1, kTrialSteps, dls.train()), kMostTrialEpochs), recipe.learner.lr);
    return learn.get_preds().losses.to(at::kDouble);
}

/// Whether `mean` of `differences` is above 0 by more than twice its standard error.
bool is_above_zero(const at::Tensor& differences) {
    const auto n = static_cast<double>(differences.numel());
    if (n < 2) return false;
    return differences.mean().item<double>() > 2 * differences.std().item<double>() / std::sqrt(n);
}

}  // namespace

std::string choose_derived_numbers(TabularRecipe& recipe,
                                   const std::function<TabularDataLoaders(const TabularOptions&)>& load) {
    if (!recipe.data.rotated.empty() || recipe.data.neighbours) return "Derived numbers are as given";
    const TabularDataLoaders plain = load(recipe.data);
    if (!plain.has_valid()) return "No derived numbers: without validation rows nothing says whether they help";
    const std::vector<Candidate> tried = candidates(plain);
    if (tried.empty()) return "No derived numbers: no column of numbers, or too few or too many rows for neighbours";
    at::Tensor best = trial_losses(plain, recipe);
    std::string sentence = concat("Tried on the validation rows: loss ", best.mean().item<double>(), " plain"),
                taken = "no derived numbers";
    for (const Candidate& candidate : tried) {
        TabularOptions data = recipe.data;
        data.rotated = candidate.rotated;
        data.neighbours = candidate.neighbours;
        const at::Tensor losses = trial_losses(load(data), recipe);
        sentence += concat(", ", losses.mean().item<double>(), " with ", candidate.name);
        if (!is_above_zero(best - losses)) continue;
        recipe.data = std::move(data);
        best = losses;
        taken = candidate.name;
    }
    return concat(sentence, "; taken: ", taken);
}

}  // namespace embark
