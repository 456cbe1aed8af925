#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/distributed/strategy.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/collab_recipe.h>
#include <embark/learners/insight/baseline.h>
#include <embark/modules/layers.h>

#include "column_report.h"
#include "commands.h"
#include "datasets.h"
#include "split_options.h"
#include "training_options.h"
#include "training_page.h"

namespace embark::tools {
namespace {

struct CollabTraining : TrainingOptions {
    std::string ratings, valid_ratings, test_ratings, user, item, rating;
    int64_t factors = 50;
    std::optional<Range> y_range;  // empty: none
    bool allow_outside = false, no_fused = false, shard_tables = false, blocks = false;
    std::string embedding_update = "dense", preset = "default", user_table, item_table;
    int64_t members = 1;
    SplitOptions split;
    std::string dataset_split;  // one of the data set's own
    bool is_best() const { return preset == "best"; }
};

EmbeddingUpdate embedding_update_of(const std::string& name) {
    if (name == "dense") return EmbeddingUpdate::dense;
    if (name == "lazy") return EmbeddingUpdate::lazy;
    fail<UsageError>("Invalid --embedding-update ", name, ": it is dense or lazy");
}

CommandLine collab_command_line(CollabTraining& options) {
    CommandLine line(
        "embark train collab (--dataset NAME | --ratings FILE --user NAME --item NAME --rating NAME) [OPTIONS]",
        "Trains a DotProductBias model of ratings with one-cycle and shows a line an epoch.");
    add_data_options(line, options, rating_datasets());
    auto add = line.options.add_options();
    add("implicit", po::bool_switch(), "learn from what users had rather than from ratings, and rank the items for them: "
        "`embark train collab --implicit --help` has its options");
    add("ratings", text_option(options.ratings, "FILE"),
        "a CSV or Parquet file of ratings; with --stream also a folder of Parquet files");
    add("user", text_option(options.user, "NAME"), "the column of users");
    add("item", text_option(options.item, "NAME"), "the column of items");
    add("rating", text_option(options.rating, "NAME"), "the column of ratings");
    add("valid-ratings", text_option(options.valid_ratings, "FILE"),
        "a file of validation ratings, of the same columns");
    add("test-ratings", text_option(options.test_ratings, "FILE"),
        "a file of ratings, of the same columns, that are scored once, at the end");
    add_rating_split_options(line, options.split);
    add("user-table", text_option(options.user_table, "FILE"),
        "with --preset best: what else is known of users, a row each, as age or country; the column of ids is called as "
        "in the ratings, or the first");
    add("item-table", text_option(options.item_table, "FILE"),
        "the same of items; texts such as Comedy|Drama are several values");
    add("factors", count_option(options.factors), "latent factors of each user and item");
    add("members", count_option(options.members),
        "train so many models side by side, each on batches of its own, and predict their mean");
    add("preset", text_option(options.preset, "NAME")->default_value(options.preset),
        "default: predictions from half a rating below the lowest of the training ratings to half a one above the "
        "highest, 5 epochs or as many as make 3,000 steps (at most 200), the best of which is kept, --lr 0.005 --wd 0.15, "
        "with several members 0.07; fastai: no range, 5 epochs, --lr 0.001 --wd 0.01; both have --batch-size 64. best: the most accurate, which "
        "adds up what each user rated and who rated each item, uses --time, --user-table and --item-table, or the data "
        "set's, clips to the ratings' range, and has 20 epochs of larger batches, --lr 0.01 and a weight decay for each "
        "table. What is given by name is as given");
    add("y-range", po::value<std::vector<std::string>>()->multitoken()->value_name("LO HI"),
        "keep predictions in this range, best a little wider than the ratings'; none: in no range");
    add("allow-outside", po::bool_switch(&options.allow_outside),
        "train also where training ratings lie outside --y-range, which no prediction can leave");
    add("no-fused", po::bool_switch(&options.no_fused), "train through autograd, not by the fused step");
    add("embedding-update", text_option(options.embedding_update, "HOW")->default_value(options.embedding_update),
        "dense, or lazy: a step moves the rows of its batch alone, for large tables");
    add("blocks", po::bool_switch(&options.blocks),
        "with --embedding-update lazy: go through the ratings in blocks of users and items, in a random order, which is "
        "two to three times as fast where the tables are larger than the processor's cache, and a little less accurate "
        "after as many epochs");
    add("shard-tables", po::bool_switch(&options.shard_tables),
        "split the tables by rows over the processes that train together, for tables larger than one machine; with "
        "--embedding-update lazy");
    add_valid_share(line, options);
    add_training_options(line, options);
    return line;
}

/// LO and HI, or the word none.
Range y_range_of(const std::vector<std::string>& words) {
    if (words.size() == 1 && words.front() == "none") return {};
    std::vector<double> ends;
    for (const std::string& word : words) {
        const auto end = parse_double(word);
        require<UsageError>(end.has_value(), "Invalid --y-range ", join(words, " "),
                            ": it takes two numbers, the lower end and the upper end, or none");
        ends.push_back(*end);
    }
    const Range range = range_of(ends, "y-range");
    require<UsageError>(!range.empty(), "Invalid --y-range 0 0: the lower end must be below the upper end; for no range "
                                        "there is --y-range none");
    check_y_range(range);
    return range;
}

/// Takes a --split of the data set's own for what it is.
void take_dataset_split(CollabTraining& options) {
    if (!has_split(options.dataset, options.split.split)) return;
    for (const char* other : {"valid-ratings", "valid-pct"}) {
        require<UsageError>(!options.given(other), "--split ", options.split.split, " says itself which ratings are for "
                            "validation: it goes without --", other);
    }
    options.dataset_split = std::exchange(options.split.split, "");
}

/// Throws UsageError for what only --preset best has, and for what it has not.
void check_best(const CollabTraining& options) {
    require<UsageError>(options.members >= 1, "Invalid --members ", options.members, ": at least 1 is needed");
    for (const auto& [option, file] : {std::pair("user-table", &options.user_table), {"item-table", &options.item_table}}) {
        require<UsageError>(file->empty() || options.is_best(), "--", option, " is for --preset best");
        require<UsageError>(file->empty() || !options.stream, "--", option, " does not go with --stream");
    }
    if (!options.is_best()) return;
    require<UsageError>(!options.stream || options.split.time.empty(), "--time does not go with --stream");
    require<UsageError>(!options.weight_decay, "--wd does not go with --preset best, whose tables have weight decays of "
                                               "their own");
    require<UsageError>(!options.shard_tables && options.embedding_update != "lazy",
                        "--shard-tables and --embedding-update lazy do not go with --preset best, whose sums touch more "
                        "rows than a batch names");
}

void parse_collab(const CommandLine& line, const Arguments& arguments, CollabTraining& options) {
    const auto values = line.parse(arguments);
    if (values.count("y-range")) options.y_range = y_range_of(values["y-range"].as<std::vector<std::string>>());
    require<UsageError>(options.dataset.empty() != options.ratings.empty(),
                        "Give either --dataset, a data set known by name, or --ratings, a file");
    const bool names_columns = !options.user.empty() && !options.item.empty() && !options.rating.empty();
    require<UsageError>(options.ratings.empty() || names_columns,
                        "With --ratings, give the names of its columns: --user, --item and --rating");
    const bool asks_lazy = embedding_update_of(options.embedding_update) == EmbeddingUpdate::lazy;
    require<UsageError>(options.factors >= 1, "Invalid --factors ", options.factors, ": at least 1 is needed");
    take_training_options(values, options);
    require_outputs_apart(options, {options.ratings, options.valid_ratings, options.test_ratings, options.user_table,
                                    options.item_table});
    require_known_collab_recipe(options.preset);
    take_dataset_split(options);
    check_best(options);
    options.split.learns_times = options.is_best();
    check_split(options.split, {"valid-ratings", "stream"}, options.given);
    require<UsageError>(asks_lazy || !options.shard_tables || !options.given("embedding-update"),
                        "--shard-tables goes without --embedding-update dense: tables that are split over processes "
                        "are updated by the rows of a batch alone");
    require<UsageError>(options.report_path.empty() || !options.shard_tables,
                        "--report does not go with --shard-tables, of whose tables each process has a part");
    const bool lazy = asks_lazy || options.shard_tables;
    require<UsageError>(!options.blocks || (lazy && !options.stream),
                        "--blocks is for --embedding-update lazy, and goes without --stream");
    if (lazy && options.device.empty()) set_default_device(at::kCPU);  // lazy updates are the CPU's
}

Table read_ratings(const CollabTraining& options, const std::string& file) {
    return read_table(options.reading, file, {.trim_spaces = true});
}

/// All that is asked for, with what the data set has besides where there is one.
RatingsTable read_ratings(const CollabTraining& options) {
    RatingsTable ratings = !options.dataset_split.empty()
                               ? read_rating_split(options.dataset, options.dataset_split, options.data_dir)
                           : !options.dataset.empty()
                               ? read_rating_dataset(options.dataset, options.data_dir)
                               : RatingsTable{read_ratings(options, options.ratings), options.user, options.item, options.rating};
    if (!options.split.time.empty()) ratings.time = options.split.time;
    if (!options.user_table.empty()) ratings.user_table = {read_ratings(options, options.user_table)};
    if (!options.item_table.empty()) ratings.item_table = {read_ratings(options, options.item_table)};
    if (!options.valid_ratings.empty()) ratings.valid = read_ratings(options, options.valid_ratings);
    return ratings;
}

/// The three columns and what was found in them.
std::vector<ColumnSummary> columns_of(const Table& table, const std::string& user, const std::string& item,
                                      const std::string& rating) {
    return {summarize(table, user, ColumnKind::category), summarize(table, item, ColumnKind::category),
            summarize(table, rating, ColumnKind::target_value)};
}

/// Those of streamed ratings, of which only the ids are counted before training.
std::vector<ColumnSummary> columns_of(const CollabTraining& options, const CollabDataLoaders& dls) {
    return {{.name = options.user, .kind = ColumnKind::category, .distinct = dls.users().size() - 1},
            {.name = options.item, .kind = ColumnKind::category, .distinct = dls.items().size() - 1},
            {.name = options.rating, .kind = ColumnKind::target_value}};
}

CollabDataLoaders collab_data_loaders(const CollabTraining& options, std::vector<ColumnSummary>& columns) {
    CollabOptions collab{
        .batch_size = options.batch_size, .valid_pct = options.valid_pct, .seed = static_cast<uint64_t>(options.seed),
        .blocks = options.blocks};
    if (options.stream) {
        collab.user_name = options.user;
        collab.item_name = options.item;
        collab.rating_name = options.rating;
        const auto stream = options.streaming();
        const auto dls = options.valid_ratings.empty()
                             ? CollabDataLoaders::from_parquet(options.ratings, collab, stream)
                             : CollabDataLoaders::from_parquet(options.ratings, options.valid_ratings, collab, stream);
        columns = columns_of(options, dls);
        return dls;
    }
    const RatingsTable ratings = read_ratings(options);
    collab.user_name = ratings.user;
    collab.item_name = ratings.item;
    collab.rating_name = ratings.rating;
    apply_split(options.split, collab);
    columns = columns_of(ratings.table, ratings.user, ratings.item, ratings.rating);
    if (options.is_best()) {
        collab.time_name = ratings.time;
        collab.time_format = options.split.date_format;
        collab.user_table = ratings.user_table;
        collab.item_table = ratings.item_table;
    }
    if (!options.given("batch-size")) collab.batch_size = collab_batch_size(options.preset, ratings.table.rows());
    const auto dls = ratings.valid ? CollabDataLoaders::from_tables(ratings.table, *ratings.valid, collab)
                                   : CollabDataLoaders::from_table(ratings.table, collab);
    for (const SideFeatures* features : {&dls.collab().user_features, &dls.collab().item_features}) {
        columns.insert(columns.end(), features->columns.begin(), features->columns.end());
    }
    return dls;
}

/// The preset with what was asked for in its place.
CollabRecipe collab_recipe(const CollabTraining& options, const CollabDataLoaders& dls) {
    CollabRecipe recipe = collab_recipe_of(options.preset, dls, options.members);
    recipe.model.n_factors = options.factors;
    recipe.model.shard_tables = options.shard_tables;
    if (options.shard_tables) recipe.restore_best = false;  // a checkpoint has the main process's rows of it alone
    if (options.y_range) recipe.model.y_range = *options.y_range;
    recipe.learner.metrics = {rmse()};
    recipe.learner.callbacks = {data_parallel()};
    recipe.learner.fused_step = !options.no_fused;
    recipe.learner.embedding_update = embedding_update_of(options.embedding_update);
    if (options.given("lr")) recipe.learner.lr = options.lr;
    if (options.weight_decay) recipe.learner.weight_decay = options.weight_decay;
    if (options.given("epochs")) {
        recipe.n_epoch = options.epochs;
        recipe.min_steps = 0;
    }
    return recipe;
}

/// How many ratings of each column have an id that training did not have.
nlohmann::json unknown_ids(const EncodingCounts& counts) {
    auto unknown = nlohmann::json::object();
    for (const auto& [column, seen] : counts.seen) unknown[column] = seen.unknown;
    return unknown;
}

/// Ratings that are scored at the end, and what was found of their ids.
struct TestRatings {
    std::optional<DataLoader> loader;
    EncodingCounts counts;
    std::vector<Warning> warnings;
};

TestRatings read_test(const CollabTraining& options, const CollabDataLoaders& dls) {
    TestRatings test;
    if (options.test_ratings.empty()) return test;
    test.loader = dls.test_dl(read_ratings(options, options.test_ratings), &test.counts);
    for (const Warning& warning : test.counts.id_warnings()) {
        test.warnings.push_back({warning.code, concat("in the test ratings, ", warning.message)});
    }
    return test;
}

nlohmann::json collab_report(const CollabTraining& options, const CollabDataLoaders& dls, const Records& records,
                      const Validation& final, const std::vector<ColumnSummary>& columns,
                      const std::vector<Warning>& warnings) {
    nlohmann::json result = {{"epochs", epochs_report(records)},
                             {"valid_loss", figure(final.loss)},
                             {"valid_rmse", figure(final.metrics.at("rmse"))},
                             {"train_ratings", dls.train().rows()},
                             {"valid_ratings", dls.valid().rows()},
                             {"users", dls.users().size() - 1},
                             {"items", dls.items().size() - 1},
                             {"preset", options.preset},
                             {"columns", columns_report(columns)},
                             {"warnings", warnings_report(warnings)},
                             {"unknown", unknown_ids(dls.valid_counts())},
                             {"seed", options.seed}};
    return result;
}

/// That an exported file predicts otherwise than `final` says, where the model has learned times.
std::vector<Warning> times_left_out(CollabLearner& learn, const CollabDataLoaders& dls, const Validation& final) {
    if (dls.collab().days.empty()) return {};
    const TensorDataset& valid = dls.valid().data();
    const DataLoader without_times({.inputs = {valid.inputs.front().narrow(1, 0, 2)}, .targets = valid.targets},
                                   {.batch_size = dls.valid().options().batch_size});
    const double error = learn.validate(without_times).metrics.at("rmse");
    return {{"times_left_out", concat("an exported file is asked for a user and an item, without a time, and predicts with an "
                                      "RMSE of ", format_number(error), " on the validation ratings; with their times it is ",
                                      format_number(final.metrics.at("rmse")))}};
}

/// What the learner, trained by `recipe`, has to show, on the page of --report.
void write_collab_page(const CollabTraining& options, const Arguments& arguments, CollabLearner& learn,
                const CollabRecipe& recipe, const nlohmann::json& result, const std::vector<std::string>& exported) {
    if (options.report_path.empty()) return;
    Page page =
        training_page("A model of ratings", command_text("embark train collab", arguments), result, learn.records());
    add_errors(page, learn);
    add_examples(page, learn);
    add_recommendations(page, learn);
    const Range range = recipe.model.y_range;
    auto settings = common_settings(options, recipe.learner, learn.records(), learn.dls().train().options().batch_size);
    settings.insert(settings.end(),
                    {{"preset", options.preset},
                     {"factors", std::to_string(recipe.model.n_factors)},
                     {"range of predictions", range.empty() ? "none" : concat(range.low, " to ", range.high)}});
    add_settings(page, settings);
    add_usage(page, exported);
    page.save(options.report_path);
}

}  // namespace

int train_collab(const Arguments& arguments) {
    if (std::ranges::find(arguments, "--implicit") != arguments.end()) return train_ranking(arguments);
    CollabTraining options;
    const CommandLine line = collab_command_line(options);
    if (line.help_printed(arguments)) return kSuccess;
    parse_collab(line, arguments, options);
    SignalStop signals;
    at::set_num_threads(static_cast<int>(options.threads));

    std::vector<ColumnSummary> columns;
    const CollabDataLoaders dls = collab_data_loaders(options, columns);
    const CollabRecipe recipe = collab_recipe(options, dls);
    // Before the training, so that a file that cannot be scored is found out in time.
    const TestRatings test = read_test(options, dls);
    std::vector<Warning> warnings = dls.warnings();
    warnings.insert(warnings.end(), test.warnings.begin(), test.warnings.end());
    if (exports_onnx(options)) require_onnx_form(collab_learner(dls, recipe.model, {.progress = false}));
    set_seed(static_cast<uint64_t>(options.seed));
    CollabLearner learn = collab_learner(dls, recipe.model, recipe.learner);
    for (const Warning& warning : learn.warnings()) {
        warnings.push_back(warning);
        require(options.allow_outside || warning.code != "ratings_outside_range", warning.message,
                "; --allow-outside trains all the same");
    }
    if (Strategy::from_environment()->is_main_process()) {
        if (!options.quiet) show_columns(columns);
        show_warnings(warnings);
    }
    const Records& records =
        fit_recipe(learn, recipe, {.stop = signals.token(), .checkpoint = options.checkpoint()});
    if (was_stopped(signals, learn)) return stopped_by(signals, options);
    if (!learn.is_main_process() && !options.shard_tables) return kSuccess;
    const Validation final = learn.validate();  // which takes all processes where the rows are split over them
    require_finite_loss(final, records);
    std::optional<Validation> tested;
    if (test.loader) tested = learn.validate(*test.loader);
    const std::vector<std::string> exported = export_model(options, learn, final);
    if (!learn.is_main_process()) return kSuccess;
    auto outcome = records.epochs.empty() ? training_warnings(records) : baseline_warnings(dls, final.metrics.at("rmse"));
    if (!exported.empty()) {
        const auto left_out = times_left_out(learn, dls, final);
        outcome.insert(outcome.end(), left_out.begin(), left_out.end());
    }
    show_warnings(outcome);
    warnings.insert(warnings.end(), outcome.begin(), outcome.end());

    nlohmann::json result = collab_report(options, dls, records, final, columns, warnings);
    add_exported(result, exported);
    if (tested) {
        result["test_loss"] = figure(tested->loss);
        result["test_rmse"] = figure(tested->metrics.at("rmse"));
        result["test_unknown"] = unknown_ids(test.counts);
    }
    write_collab_page(options, arguments, learn, recipe, result, exported);
    if (options.json) {
        std::cout << result.dump(2) << "\n";
    } else {
        std::cout << "valid_loss " << format_number(final.loss) << "\nvalid_rmse "
                  << format_number(final.metrics.at("rmse")) << "\n";
        if (tested) {
            std::cout << "test_loss " << format_number(tested->loss) << "\ntest_rmse "
                      << format_number(tested->metrics.at("rmse")) << "\n";
        }
        for (const std::string& file : exported) std::cout << "exported " << file << "\n";
    }
    return kSuccess;
}

}  // namespace embark::tools
