#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>
#include <utility>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/distributed/strategy.h>
#include <embark/learners/ranking_recipe.h>

#include "column_report.h"
#include "commands.h"
#include "datasets.h"
#include "rankings.h"
#include "training_options.h"
#include "training_page.h"

namespace embark::tools {
namespace {

struct RankingTraining : TrainingOptions {
    std::string events, test_events, user, item, rating, weight, time, date_format, user_table, item_table;
    std::string positives, split = "random", model = "bag", loss = "softmax", sampling = "uniform";
    std::string metrics = "ndcg@10,recall@20";
    double test_pct = 0.2, choice_pct = 0.1, dropout = 0, l2 = 0, alpha = 0;
    bool implicit = false, choose_settings = false;
    int64_t factors = 0, negatives = 0, neighbours = 0;
};

CommandLine ranking_command_line(RankingTraining& options) {
    CommandLine line("embark train collab --implicit (--dataset NAME | --ratings FILE --user NAME --item NAME) [OPTIONS]",
                     "Trains a model that ranks items for users by what users had, and measures it over all items that "
                     "are new to them.");
    add_data_options(line, options, rating_datasets());
    auto add = line.options.add_options();
    add("implicit", po::bool_switch(&options.implicit), "this command, rather than the one of ratings");
    add("ratings", text_option(options.events, "FILE"),
        "a CSV or Parquet file of events, a row each: clicks, purchases or ratings");
    add("user", text_option(options.user, "NAME"), "the column of users");
    add("item", text_option(options.item, "NAME"), "the column of items");
    add("rating", text_option(options.rating, "NAME"), "the column of ratings, for --positives");
    add("positives", text_option(options.positives, "RULE"),
        "which rows tell what a user liked, by their rating, such as \">=4\"; all rows unless it is given");
    add("weight", text_option(options.weight, "NAME"), "the column of how much each event counts; 1 unless it is given");
    add("time", text_option(options.time, "NAME"), "the column of times, dates or seconds since 1970, for --split");
    add("date-format", text_option(options.date_format, "FORMAT"),
        "how the dates of --time are written where not as 2024-01-31, such as %m/%d/%Y");
    add("user-table", text_option(options.user_table, "FILE"),
        "for --model two-tower: what else is known of users, a row each");
    add("item-table", text_option(options.item_table, "FILE"), "the same of items; texts such as Comedy|Drama are several values");
    add("split", text_option(options.split, "HOW")->default_value(options.split),
        "which items of each user are for testing: random, leave-last-out (the latest one), temporal (the latest ones), "
        "or global-temporal (the latest of all)");
    add("test-pct", number_option(options.test_pct, "0.2"), "the share of each user's items for testing");
    add("valid-pct", number_option(options.choice_pct, "0.1"), "the share for --choose-settings");
    add("choose-settings", po::bool_switch(&options.choose_settings),
        "to choose settings: leave the test part alone, and measure on the items before it, without training on them");
    add("test-ratings", text_option(options.test_events, "FILE"),
        "a file of the events to measure on, of the same columns, in the place of --split");
    add("model", text_option(options.model, "NAME")->default_value(options.model),
        "bag (the user is the sum of the items that they had), dot (a vector for each user), two-tower (bag and tables), "
        "ease, item-knn, ials, or popularity");
    add("loss", text_option(options.loss, "NAME")->default_value(options.loss),
        "of bag, dot and two-tower: softmax over all items, sampled softmax for very many, bpr or bce with negatives");
    add("sampling", text_option(options.sampling, "HOW")->default_value(options.sampling),
        "where negatives are drawn: uniform, popularity or in-batch");
    add("negatives", po::value(&options.negatives)->value_name("N"), "negatives of each pair");
    add("factors", po::value(&options.factors)->value_name("N"), "width of the vectors");
    add("dropout", po::value(&options.dropout)->value_name("X"),
        "of bag and two-tower: the part of a user's items that a training step leaves out, so that the model learns to "
        "fill them in");
    add("l2", po::value(&options.l2)->value_name("X"),
        "how far the model is held back; the setting that other data most want other");
    add("alpha", po::value(&options.alpha)->value_name("X"), "of ials: how much more a pair counts than none");
    add("neighbours", po::value(&options.neighbours)->value_name("N"), "of item-knn");
    add("metrics", text_option(options.metrics, "LIST")->default_value(options.metrics),
        "recall, precision, hit_rate, ndcg, mrr, map or coverage, each @ how many items");
    add_training_options(line, options);
    return line;
}

/// Throws UsageError for options that the model does not have.
void check_model(const RankingTraining& options) {
    const RankingKind kind = ranking_kind_of(options.model);
    const bool trained = is_trained(kind);
    const auto only_for = [&](const char* option, bool fits, const char* models) {
        require<UsageError>(fits || !options.given(option), "--", option, " is for ", models, ", not for --model ",
                            options.model);
    };
    const bool has_negatives = trained && ranking_loss_of(options.loss) != RankingLoss::softmax;
    negative_sampling_of(options.sampling);
    only_for("loss", trained, "bag, dot and two-tower");
    for (const char* option : {"sampling", "negatives"}) {
        require<UsageError>(has_negatives || !options.given(option), "--", option, " is for the losses sampled, bpr and bce");
    }
    for (const char* option : {"epochs", "lr", "batch-size", "checkpoint-dir", "resume"}) {
        only_for(option, trained, "models that are trained, bag, dot and two-tower");
    }
    only_for("factors", trained || kind == RankingKind::ials, "bag, dot, two-tower and ials");
    only_for("l2", kind != RankingKind::popularity && kind != RankingKind::item_knn, "bag, dot, two-tower, ease and ials");
    only_for("dropout", trained && kind != RankingKind::dot, "bag and two-tower");
    only_for("alpha", kind == RankingKind::ials, "ials");
    only_for("neighbours", kind == RankingKind::item_knn, "item-knn");
    for (const char* option : {"user-table", "item-table"}) only_for(option, kind == RankingKind::two_tower, "two-tower");
    require<UsageError>(!options.given("l2") || (options.l2 > 0 && std::isfinite(options.l2)), "Invalid --l2 ", options.l2,
                        ": it must be above 0");
    require<UsageError>(!options.weight_decay, "--wd does not go with --implicit; --l2 is what holds the models back");
}

void parse_ranking(const CommandLine& line, const Arguments& arguments, RankingTraining& options) {
    const auto values = line.parse(arguments);
    require<UsageError>(options.dataset.empty() != options.events.empty(),
                        "Give either --dataset, a data set known by name, or --ratings, a file");
    require<UsageError>(options.events.empty() || (!options.user.empty() && !options.item.empty()),
                        "With --ratings, give the names of its columns: --user and --item");
    require<UsageError>(!options.stream, "--stream does not go with --implicit");
    take_training_options(values, options);
    check_model(options);
    top_k_metrics(options.metrics);
    const InteractionSplit split = interaction_split_of(options.split);
    require<UsageError>(options.positives.empty() || !options.events.empty() == !options.rating.empty() ||
                            options.events.empty(),
                        "--positives ", options.positives, " needs the column of ratings: give --rating NAME");
    require<UsageError>(options.test_events.empty() || (!options.given("split") && !options.given("test-pct") &&
                                                        !options.choose_settings),
                        "Give --split or --test-ratings, not both");
    require<UsageError>(!needs_times(split) || !options.time.empty() || !options.dataset.empty(), "--split ", options.split,
                        " needs a column: give --time NAME");
    require<UsageError>(options.date_format.empty() || !options.time.empty(), "--date-format ", options.date_format,
                        " is for the column of --time");
    require_outputs_apart(options, {options.events, options.test_events, options.user_table, options.item_table});
}

Table read_events(const RankingTraining& options, const std::string& file) {
    return read_table(options.reading, file, {.trim_spaces = true});
}

InteractionOptions interaction_options(const RankingTraining& options, RatingsTable& known) {
    InteractionOptions result = {.user_name = options.user,
                                 .item_name = options.item,
                                 .rating_name = options.rating,
                                 .weight_name = options.weight,
                                 .time_name = options.time,
                                 .time_format = options.date_format,
                                 .split = interaction_split_of(options.split),
                                 .test_pct = options.test_pct,
                                 .valid_pct = options.choice_pct,
                                 .choose_settings = options.choose_settings,
                                 .seed = static_cast<uint64_t>(options.seed)};
    if (!options.dataset.empty()) {
        result.user_name = known.user;
        result.item_name = known.item;
        result.rating_name = known.rating;
        if (result.time_name.empty()) result.time_name = known.time;
        if (ranking_kind_of(options.model) == RankingKind::two_tower) {
            result.user_table = known.user_table;
            result.item_table = known.item_table;
        }
    }
    if (!options.positives.empty()) result.positives = positives_of(options.positives);
    if (!options.user_table.empty()) result.user_table = {read_events(options, options.user_table)};
    if (!options.item_table.empty()) result.item_table = {read_events(options, options.item_table)};
    return result;
}

Interactions read_interactions(const RankingTraining& options) {
    RatingsTable known = options.dataset.empty() ? RatingsTable{read_events(options, options.events), "", "", ""}
                                                 : read_rating_dataset(options.dataset, options.data_dir);
    const InteractionOptions how = interaction_options(options, known);
    if (options.test_events.empty()) return Interactions::from_table(known.table, how);
    return Interactions::from_tables(known.table, read_events(options, options.test_events), how);
}

/// The model's settings with what was asked for in their place.
RankingRecipe ranking_recipe(const RankingTraining& options, const Interactions& events) {
    const std::optional<double> l2 = options.given("l2") ? std::optional(options.l2) : std::nullopt;
    RankingRecipe recipe = ranking_recipe(events, ranking_kind_of(options.model), ranking_loss_of(options.loss), l2);
    RankingOptions& model = recipe.model;
    if (options.given("factors")) model.n_factors = model.als.n_factors = options.factors;
    if (options.given("dropout")) model.history_dropout = options.dropout;
    if (options.given("negatives")) model.negatives.n = options.negatives;
    if (options.given("alpha")) model.als.alpha = options.alpha;
    if (options.given("neighbours")) model.neighbours = options.neighbours;
    if (options.given("batch-size")) model.batches.batch_size = options.batch_size;
    if (options.given("lr")) recipe.learner.lr = options.lr;
    if (options.given("epochs")) recipe.n_epoch = options.epochs;
    model.negatives.sampling = negative_sampling_of(options.sampling);
    model.batches.seed = model.als.seed = static_cast<uint64_t>(options.seed);
    recipe.learner.callbacks = {data_parallel()};
    return recipe;
}

std::vector<Warning> data_warnings(const RankingTraining& options, const Interactions& events) {
    std::vector<Warning> warnings = events.warnings();
    const bool has_ratings = !options.dataset.empty() || !options.rating.empty();
    if (options.positives.empty() && has_ratings) {
        warnings.push_back({"all_positives", "every rating counts as something that the user liked, low ones too; "
                                             "--positives \">=4\" would take those of 4 and more"});
    }
    return warnings;
}

/// What is to be said of a model that is no better than the most popular items.
std::vector<Warning> outcome_warnings(const RankingTraining& options, const RankingFigures& figures) {
    if (ranking_kind_of(options.model) == RankingKind::popularity) return {};
    const std::string name = top_k_metrics(options.metrics).front().name();
    if (figures.values.at(name) > figures.popularity.at(name)) return {};
    return {{"no_better_than_popularity",
             concat(name, " is ", format_number(figures.values.at(name)), ", and ", format_number(figures.popularity.at(name)),
                    " where everybody is shown the most popular items: the model learnt nothing of single users. Another "
                    "--l2 or --model may")}};
}

nlohmann::json ranking_report(const RankingTraining& options, const Interactions& events, const Records& records,
                      const RankingFigures& figures_found) {
    const bool trained = is_trained(ranking_kind_of(options.model));
    nlohmann::json result = {{"model", options.model},
                             {"split", options.test_events.empty() ? options.split : "test-ratings"},
                             {"measured", options.choose_settings ? "valid" : "test"},
                             {"epochs", epochs_report(records)},
                             {"valid_metrics", figures(figures_found.values)},
                             {"popularity_metrics", figures(figures_found.popularity)},
                             {"users", events.users().size() - 1},
                             {"items", events.items().size() - 1},
                             {"train_pairs", events.train().pairs},
                             {"valid_pairs", events.test().pairs},
                             {"valid_users", figures_found.users},
                             {"unknown_users", events.unknown_test_users()},
                             {"seed", options.seed}};
    if (trained) result["loss"] = options.loss;
    return result;
}

/// What the learner, trained by `recipe`, has to show, on the page of --report.
void write_ranking_page(const RankingTraining& options, const Arguments& arguments, const RankingLearner& learn,
                const RankingRecipe& recipe, const nlohmann::json& result, const std::vector<std::string>& exported) {
    if (options.report_path.empty()) return;
    Page page =
        training_page("A ranking of items", command_text("embark train collab", arguments), result, learn.records());
    add_recommendations(page, learn);
    auto settings = common_settings(options, recipe.learner, learn.records(), recipe.model.batches.batch_size);
    settings.emplace_back("factors", std::to_string(recipe.model.n_factors));
    add_settings(page, settings);
    add_usage(page, exported);
    page.save(options.report_path);
}

}  // namespace

int train_ranking(const Arguments& arguments) {
    RankingTraining options;
    const CommandLine line = ranking_command_line(options);
    if (line.help_printed(arguments)) return kSuccess;
    parse_ranking(line, arguments, options);
    SignalStop signals;
    at::set_num_threads(static_cast<int>(options.threads));

    const Interactions events = read_interactions(options);
    std::vector<Warning> warnings = data_warnings(options, events);
    if (Strategy::from_environment()->is_main_process()) show_warnings(warnings);
    require<UsageError>(events.test().users > 0 || !options.given("metrics"), "--metrics needs a part to measure on");
    const RankingRecipe recipe = ranking_recipe(options, events);
    // A model that is solved is made once; its own export says what has no form.
    if (exports_onnx(options) && is_trained(recipe.model.kind)) {
        require_onnx_form(ranking_learner(events, recipe.model, {.progress = false}));
    }
    set_seed(static_cast<uint64_t>(options.seed));
    RankingLearner learn = ranking_learner(events, recipe.model, recipe.learner);
    const Records& records = fit_recipe(learn, recipe, {.stop = signals.token(), .checkpoint = options.checkpoint()});
    if (was_stopped(signals, learn)) return stopped_by(signals, options);
    if (!learn.is_main_process()) return kSuccess;
    RankingFigures found;
    if (events.test().users > 0) found = learn.measure(options.metrics);
    const double loss = learn.dls().has_valid() && is_trained(recipe.model.kind) ? learn.validate().loss : NAN;
    const auto exported = export_model(options, learn, {.loss = loss, .metrics = found.values});
    auto outcome = found.users > 0 ? outcome_warnings(options, found) : std::vector<Warning>();
    if (is_trained(recipe.model.kind) && records.epochs.empty()) outcome = training_warnings(records);
    show_warnings(outcome);
    warnings.insert(warnings.end(), outcome.begin(), outcome.end());

    nlohmann::json result = ranking_report(options, events, records, found);
    result["warnings"] = warnings_report(warnings);
    add_exported(result, exported);
    write_ranking_page(options, arguments, learn, recipe, result, exported);
    if (options.json) {
        std::cout << result.dump(2) << "\n";
        return kSuccess;
    }
    if (found.users > 0) show_figures(options.metrics, {{options.model, found.values}, {"popularity", found.popularity}}, found.users);
    for (const std::string& file : exported) std::cout << "exported " << file << "\n";
    return kSuccess;
}

}  // namespace embark::tools
