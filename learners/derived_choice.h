#pragma once

#include <functional>
#include <string>

#include "tabular_recipe.h"

namespace embark {

/// Finds out on the validation rows whether a recipe predicts better with numbers derived from others, and sets its
/// data accordingly: rotated coordinates where two columns of numbers are a latitude and a longitude by their names,
/// then their nearest training rows besides; of other tables the nearest rows by all numbers. Each is trained for a
/// short time with one member of the recipe's model, and is taken where its rows' losses are lower than those of what
/// was taken before, by more than twice the standard error of the difference. `load` makes the data of its argument.
///
/// Returns what was tried and taken, in one sentence. Nothing is tried without validation rows, nor where the data
/// derive numbers already. Draws from LibTorch's random numbers.
///
///     auto recipe = best_recipe();
///     recipe.data.y_names = {"price"};
///     const auto load = [&](const TabularOptions& data) { return TabularDataLoaders::from_table(table, data); };
///     std::cerr << choose_derived_numbers(recipe, load) << "\n";
///     auto learn = tabular_learner(load(recipe.data), recipe.model, recipe.learner);
std::string choose_derived_numbers(TabularRecipe& recipe,
                                   const std::function<TabularDataLoaders(const TabularOptions&)>& load);

}  // namespace embark
