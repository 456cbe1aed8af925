#include <cmath>
#include <iostream>
#include <optional>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>
#include <embark/learners/collab_learner.h>
#include <embark/modules/layers.h>

#include "commands.h"
#include "datasets.h"
#include "signals.h"

namespace embark::tools {
namespace {

struct TrainOptions {
    std::string dataset, data_dir, ratings, valid_ratings, delimiter, columns, user, item, rating, export_path,
        checkpoint_dir, resume_dir;
    double valid_pct = 0.2;
    int64_t epochs = 5;
    double lr = 1e-3;
    std::optional<double> weight_decay;
    int64_t factors = 50;
    Range y_range;
    int64_t batch_size = 64;
    int64_t seed = 42;
    int64_t threads = 1;  // batches are small, and threads that wait for one another spin
    int64_t checkpoint_every = 0;
    bool json = false;

    CheckpointOptions checkpoint() const {
        return {.dir = resume_dir.empty() ? checkpoint_dir : resume_dir,
                .every = checkpoint_every,
                .resume = !resume_dir.empty()};
    }
};

CommandLine command_line(TrainOptions& options) {
    CommandLine line(
        "embark train collab (--dataset NAME | --ratings FILE --user NAME --item NAME --rating NAME) [OPTIONS]",
        "Trains a DotProductBias model of ratings with one-cycle and shows a line an epoch.");
    const auto text = [](std::string& target) { return po::value(&target)->value_name("TEXT"); };
    const auto count = [](int64_t& target) { return po::value(&target)->default_value(target)->value_name("N"); };
    const auto number = [](double& target, const char* shown) {
        return po::value(&target)->default_value(target, shown)->value_name("X");
    };
    auto add = line.options.add_options();
    add("dataset", text(options.dataset), ("a data set known by name: " + join(rating_datasets())).c_str());
    add("data-dir", text(options.data_dir), "the folder with data sets, as DIR/ml-100k/u.data");
    add("ratings", text(options.ratings), "a CSV or Parquet file of ratings");
    add("delimiter", text(options.delimiter), "one character, or tab (default: a comma)");
    add("columns", text(options.columns), "a,b,…: the column names of a file without a header");
    add("user", text(options.user), "the column of users");
    add("item", text(options.item), "the column of items");
    add("rating", text(options.rating), "the column of ratings");
    add("valid-ratings", text(options.valid_ratings), "a file of validation ratings, of the same columns");
    add("valid-pct", number(options.valid_pct, "0.2"), "the share of ratings for validation, drawn at random");
    add("epochs", count(options.epochs), "passes over the training ratings");
    add("lr", number(options.lr, "0.001"), "the highest learning rate of the cycle");
    add("wd", po::value<double>()->value_name("X"), "weight decay (default: Adam's, 0.01)");
    add("factors", count(options.factors), "latent factors of each user and item");
    add("y-range", po::value<std::vector<double>>()->multitoken()->value_name("LO HI"),
        "keep predictions in this range, best a little wider than the ratings'");
    add("batch-size", count(options.batch_size), "ratings a step");
    add("seed", count(options.seed), "of the split, the order and the initial weights");
    add("threads", count(options.threads), "threads a tensor operation may use; more than 1 pay in large batches only");
    add("checkpoint-dir", text(options.checkpoint_dir),
        "write a checkpoint to this folder at each epoch's end, and when interrupted");
    add("checkpoint-every", po::value(&options.checkpoint_every)->value_name("N"), "and one after every N batches");
    add("resume", text(options.resume_dir),
        "go on from the checkpoint in this folder, with the same settings, and write further ones there; without one "
        "there, start afresh");
    add("export", text(options.export_path), "write the trained model to this TorchScript file");
    add("json", po::bool_switch(&options.json), "print the results as one JSON object");
    return line;
}

/// What can be known to be wrong before anything is read.
void check(const TrainOptions& options) {
    const auto positive = [](int64_t value, const char* option) {
        require<UsageError>(value >= 1, "Invalid --", option, " ", value, ": at least 1 is needed");
    };
    require<UsageError>(options.dataset.empty() != options.ratings.empty(),
                        "Give either --dataset, a data set known by name, or --ratings, a file");
    const bool names_columns = !options.user.empty() && !options.item.empty() && !options.rating.empty();
    require<UsageError>(options.ratings.empty() || names_columns,
                        "With --ratings, give the names of its columns: --user, --item and --rating");
    require<UsageError>(options.valid_pct > 0 && options.valid_pct < 1, "Invalid --valid-pct ", options.valid_pct,
                        ": it must be above 0 and below 1");
    require<UsageError>(options.epochs >= 0, "Invalid --epochs ", options.epochs, ": it must be at least 0");
    require<UsageError>(std::isfinite(options.lr) && options.lr > 0, "Invalid --lr ", options.lr,
                        ": it must be a number above 0");
    require<UsageError>(!options.weight_decay || (std::isfinite(*options.weight_decay) && *options.weight_decay >= 0),
                        "Invalid --wd ", options.weight_decay.value_or(0), ": it must be a number of at least 0");
    positive(options.factors, "factors");
    positive(options.batch_size, "batch-size");
    positive(options.threads, "threads");
    require<UsageError>(options.seed >= 0, "Invalid --seed ", options.seed, ": it must be at least 0");
    require<UsageError>(
        options.resume_dir.empty() || options.checkpoint_dir.empty() || options.resume_dir == options.checkpoint_dir,
        "--resume ", options.resume_dir, " writes its checkpoints there too; leave out --checkpoint-dir ",
        options.checkpoint_dir);
    if (!options.export_path.empty()) require_writable_path(options.export_path);
}

TrainOptions parse(const CommandLine& line, const Arguments& arguments, TrainOptions& options) {
    const auto values = line.parse(arguments);
    if (values.count("wd")) options.weight_decay = values["wd"].as<double>();
    if (values.count("checkpoint-every")) {
        require<UsageError>(options.checkpoint_every >= 1, "Invalid --checkpoint-every ", options.checkpoint_every,
                            ": at least 1 batch is needed");
        require<UsageError>(!options.checkpoint().dir.empty(),
                            "--checkpoint-every needs a folder: give --checkpoint-dir or --resume");
    }
    if (values.count("y-range")) {
        options.y_range = range_of(values["y-range"].as<std::vector<double>>(), "y-range");
        require<UsageError>(!options.y_range.empty(),
                            "Invalid --y-range 0 0: the lower end must be below the upper end");
        check_y_range(options.y_range);
    }
    check(options);
    return options;
}

Table read_ratings(const TrainOptions& options, const std::string& file) {
    if (file.ends_with(".parquet")) return read_parquet(file);
    CsvOptions csv;
    if (!options.delimiter.empty()) csv.delimiter = delimiter_of(options.delimiter);
    if (!options.columns.empty()) csv.column_names = list_of(options.columns);
    return read_csv(file, csv);
}

CollabDataLoaders data_loaders(const TrainOptions& options) {
    CollabOptions collab{
        .batch_size = options.batch_size, .valid_pct = options.valid_pct, .seed = static_cast<uint64_t>(options.seed)};
    const auto load = [&](const Table& table, const std::string& user, const std::string& item,
                          const std::string& rating) {
        collab.user_name = user;
        collab.item_name = item;
        collab.rating_name = rating;
        if (options.valid_ratings.empty()) return CollabDataLoaders::from_table(table, collab);
        return CollabDataLoaders::from_tables(table, read_ratings(options, options.valid_ratings), collab);
    };
    if (options.dataset.empty()) {
        return load(read_ratings(options, options.ratings), options.user, options.item, options.rating);
    }
    const RatingsTable known = read_rating_dataset(options.dataset, options.data_dir);
    return load(known.table, known.user, known.item, known.rating);
}

/// JSON has no NaN; a figure that is none is null.
nlohmann::json figure(double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

nlohmann::json report(const TrainOptions& options, const CollabDataLoaders& dls, const Records& records,
                      const Validation& final) {
    auto epochs = nlohmann::json::array();
    for (const auto& row : records.epochs) {
        epochs.push_back({{"epoch", row.epoch},
                          {"train_loss", figure(row.train_loss)},
                          {"valid_loss", figure(row.valid_loss)},
                          {"valid_rmse", figure(row.metrics.front())},
                          {"seconds", row.train_seconds + row.valid_seconds},
                          {"train_seconds", row.train_seconds}});
    }
    nlohmann::json result = {{"epochs", epochs},
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

std::string how_to_go_on(const TrainOptions& options) {
    const auto dir = options.checkpoint().dir;
    return dir.empty() ? "" : concat("; go on with --resume ", dir.string());
}

}  // namespace

int train_collab(const Arguments& arguments) {
    TrainOptions options;
    const CommandLine line = command_line(options);
    if (line.help_printed(arguments)) return kSuccess;
    parse(line, arguments, options);
    SignalStop signals;
    at::set_num_threads(static_cast<int>(options.threads));

    const CollabDataLoaders dls = data_loaders(options);
    set_seed(static_cast<uint64_t>(options.seed));
    CollabLearner learn =
        collab_learner(dls, {.n_factors = options.factors, .y_range = options.y_range}, {.metrics = {rmse()}});
    const Records& records = learn.fit_one_cycle(
        options.epochs, options.lr,
        {.weight_decay = options.weight_decay, .stop = signals.token(), .checkpoint = options.checkpoint()});
    if (signals.signal() != 0) {
        std::cerr << "embark: stopped by a signal; nothing was exported" << how_to_go_on(options) << "\n";
        return signals.exit_code();
    }
    const Validation final = learn.validate();
    if (!options.export_path.empty()) learn.export_torchscript(options.export_path);

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
