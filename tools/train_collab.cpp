#include <iostream>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/learners/collab_learner.h>
#include <embark/modules/layers.h>

#include "commands.h"
#include "datasets.h"
#include "split_options.h"
#include "training_options.h"

namespace embark::tools {
namespace {

struct CollabTraining : TrainingOptions {
    std::string ratings, valid_ratings, user, item, rating;
    int64_t factors = 50;
    Range y_range;
    bool no_fused = false, shard_tables = false;
    std::string embedding_update = "dense";
    SplitOptions split;
};

EmbeddingUpdate embedding_update_of(const std::string& name) {
    if (name == "dense") return EmbeddingUpdate::dense;
    if (name == "lazy") return EmbeddingUpdate::lazy;
    fail<UsageError>("Invalid --embedding-update ", name, ": it is dense or lazy");
}

CommandLine command_line(CollabTraining& options) {
    CommandLine line(
        "embark train collab (--dataset NAME | --ratings FILE --user NAME --item NAME --rating NAME) [OPTIONS]",
        "Trains a DotProductBias model of ratings with one-cycle and shows a line an epoch.");
    add_data_options(line, options, rating_datasets());
    auto add = line.options.add_options();
    add("ratings", text_option(options.ratings, "FILE"),
        "a CSV or Parquet file of ratings; with --stream also a folder of Parquet files");
    add("user", text_option(options.user, "NAME"), "the column of users");
    add("item", text_option(options.item, "NAME"), "the column of items");
    add("rating", text_option(options.rating, "NAME"), "the column of ratings");
    add("valid-ratings", text_option(options.valid_ratings, "FILE"),
        "a file of validation ratings, of the same columns");
    add_rating_split_options(line, options.split);
    add("factors", count_option(options.factors), "latent factors of each user and item");
    add("y-range", po::value<std::vector<double>>()->multitoken()->value_name("LO HI"),
        "keep predictions in this range, best a little wider than the ratings'");
    add("no-fused", po::bool_switch(&options.no_fused), "train through autograd, not by the fused step");
    add("embedding-update", text_option(options.embedding_update, "HOW")->default_value(options.embedding_update),
        "dense, or lazy: a step moves the rows of its batch alone, for large tables");
    add("shard-tables", po::bool_switch(&options.shard_tables),
        "split the tables by rows over the processes that train together, for tables larger than one machine; with "
        "--embedding-update lazy");
    add_training_options(line, options);
    return line;
}

void parse(const CommandLine& line, const Arguments& arguments, CollabTraining& options) {
    const auto values = line.parse(arguments);
    if (values.count("y-range")) {
        options.y_range = range_of(values["y-range"].as<std::vector<double>>(), "y-range");
        require<UsageError>(!options.y_range.empty(),
                            "Invalid --y-range 0 0: the lower end must be below the upper end");
        check_y_range(options.y_range);
    }
    require<UsageError>(options.dataset.empty() != options.ratings.empty(),
                        "Give either --dataset, a data set known by name, or --ratings, a file");
    const bool names_columns = !options.user.empty() && !options.item.empty() && !options.rating.empty();
    require<UsageError>(options.ratings.empty() || names_columns,
                        "With --ratings, give the names of its columns: --user, --item and --rating");
    const bool asks_lazy = embedding_update_of(options.embedding_update) == EmbeddingUpdate::lazy;
    require<UsageError>(options.factors >= 1, "Invalid --factors ", options.factors, ": at least 1 is needed");
    take_training_options(values, options);
    check_split(options.split, {"valid-ratings", "stream"}, options.given);
    require<UsageError>(asks_lazy || !options.shard_tables || !options.given("embedding-update"),
                        "--shard-tables goes without --embedding-update dense: tables that are split over processes "
                        "are updated by the rows of a batch alone");
    const bool lazy = asks_lazy || options.shard_tables;
    if (lazy && options.device.empty()) set_default_device(at::kCPU);  // lazy updates are the CPU's
}

CollabDataLoaders data_loaders(const CollabTraining& options) {
    CollabOptions collab{
        .batch_size = options.batch_size, .valid_pct = options.valid_pct, .seed = static_cast<uint64_t>(options.seed)};
    if (options.stream) {
        collab.user_name = options.user;
        collab.item_name = options.item;
        collab.rating_name = options.rating;
        const auto stream = options.streaming();
        if (options.valid_ratings.empty()) return CollabDataLoaders::from_parquet(options.ratings, collab, stream);
        return CollabDataLoaders::from_parquet(options.ratings, options.valid_ratings, collab, stream);
    }
    const auto load = [&](const Table& table, const std::string& user, const std::string& item,
                          const std::string& rating) {
        collab.user_name = user;
        collab.item_name = item;
        collab.rating_name = rating;
        apply_split(options.split, collab);
        if (options.valid_ratings.empty()) return CollabDataLoaders::from_table(table, collab);
        return CollabDataLoaders::from_tables(table, read_table(options.reading, options.valid_ratings), collab);
    };
    if (options.dataset.empty()) {
        return load(read_table(options.reading, options.ratings), options.user, options.item, options.rating);
    }
    const RatingsTable known = read_rating_dataset(options.dataset, options.data_dir);
    return load(known.table, known.user, known.item, known.rating);
}

nlohmann::json report(const CollabTraining& options, const CollabDataLoaders& dls, const Records& records,
                      const Validation& final) {
    nlohmann::json result = {{"epochs", epochs_report(records)},
                             {"valid_loss", figure(final.loss)},
                             {"valid_rmse", figure(final.metrics.at("rmse"))},
                             {"train_ratings", dls.train().rows()},
                             {"valid_ratings", dls.valid().rows()},
                             {"users", dls.users().size() - 1},
                             {"items", dls.items().size() - 1},
                             {"seed", options.seed}};
    if (!options.export_path.empty()) result["export"] = options.export_path;
    return result;
}

}  // namespace

int train_collab(const Arguments& arguments) {
    CollabTraining options;
    const CommandLine line = command_line(options);
    if (line.help_printed(arguments)) return kSuccess;
    parse(line, arguments, options);
    SignalStop signals;
    at::set_num_threads(static_cast<int>(options.threads));

    const CollabDataLoaders dls = data_loaders(options);
    set_seed(static_cast<uint64_t>(options.seed));
    CollabLearner learn = collab_learner(
        dls, {.n_factors = options.factors, .y_range = options.y_range, .shard_tables = options.shard_tables},
        {.metrics = {rmse()},
         .callbacks = {data_parallel()},
         .fused_step = !options.no_fused,
         .embedding_update = embedding_update_of(options.embedding_update)});
    const Records& records = learn.fit_one_cycle(
        options.epochs, options.lr,
        {.weight_decay = options.weight_decay, .stop = signals.token(), .checkpoint = options.checkpoint()});
    if (was_stopped(signals, learn)) return stopped_by(signals, options);
    if (!learn.is_main_process() && !options.shard_tables) return kSuccess;
    const Validation final = learn.validate();  // which takes all processes where the rows are split over them
    if (!options.export_path.empty()) learn.export_torchscript(options.export_path);
    if (!learn.is_main_process()) return kSuccess;

    if (options.json) {
        std::cout << report(options, dls, records, final).dump(2) << "\n";
    } else {
        std::cout << "valid_loss " << format_number(final.loss) << "\nvalid_rmse "
                  << format_number(final.metrics.at("rmse")) << "\n";
        if (!options.export_path.empty()) std::cout << "exported " << options.export_path << "\n";
    }
    return kSuccess;
}

}  // namespace embark::tools
