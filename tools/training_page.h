#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <embark/learners/collab_learner.h>
#include <embark/learners/ranking_learner.h>
#include <embark/learners/tabular_learner.h>
#include <embark/plots/page.h>

#include "command_line.h"
#include "training_options.h"

// The page of `--report`: a command begins one, adds what its kind of model has to show, and saves it.
namespace embark::tools {

/// The command as a shell takes it.
std::string command_text(const std::string& command, const Arguments& arguments);

/// A page with the command, what `--json` says of the training (figures, warnings, columns, epochs), and plots of
/// losses, metrics and schedule.
Page training_page(const std::string& title, const std::string& command, const nlohmann::json& report,
                   const Records& records);

/// What is wrong with the validation predictions, of each target: how classes are taken for one another, what labels
/// are found, how far values are off.
void add_errors(Page& page, TabularLearner& learn);
void add_errors(Page& page, CollabLearner& learn);

/// By how much the loss grows when a column is shuffled, over at most some thousand validation rows.
void add_importance(Page& page, TabularLearner& learn);

/// Validation rows with their predictions.
void add_examples(Page& page, Learner& learn);
/// What is recommended to some users.
void add_recommendations(Page& page, CollabLearner& learn);
void add_recommendations(Page& page, const RankingLearner& learn);

/// What the model was trained with, by name; those that every training has, fewer for a model that had no epoch.
using Settings = std::vector<std::pair<std::string, std::string>>;
Settings common_settings(const TrainingOptions& options, const LearnerOptions& learner, const Records& records,
                         int64_t batch_size);
void add_settings(Page& page, const Settings& settings);

/// How to call the exported file; of several the first.
void add_usage(Page& page, const std::vector<std::string>& exported);

}  // namespace embark::tools
