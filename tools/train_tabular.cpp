#include <iostream>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include <embark/callbacks/parallel/data_parallel.h>
#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/distributed/strategy.h>
#include <embark/learners/derived_choice.h>
#include <embark/learners/insight/baseline.h>
#include <embark/learners/tabular_recipe.h>

#include "column_options.h"
#include "column_report.h"
#include "commands.h"
#include "datasets.h"
#include "derived_options.h"
#include "metric_names.h"
#include "row_options.h"
#include "split_options.h"
#include "training_options.h"
#include "training_page.h"

namespace embark::tools {
namespace {

struct TabularTraining : TrainingOptions {
    std::string csv, test_csv, valid_csv, valid_rows, valid_column, layers, preset = "default", metrics;
    ColumnOptions columns;
    RowOptions rows;
    SplitOptions split;
    DerivedOptions derived;
    bool choose_thresholds = false;
};

CommandLine tabular_command_line(TabularTraining& options) {
    CommandLine line("embark train tabular (--dataset NAME | --csv FILE --target NAME[,NAME…]) [OPTIONS]",
                     "Trains a network that predicts columns of a table from the others.");
    add_data_options(line, options, table_datasets());
    auto add = line.options.add_options();
    add("csv", text_option(options.csv, "FILE"),
        "a CSV file, spaces around whose values are removed, or a Parquet file; with --stream also a folder of those");
    add_column_options(line, options.columns);
    add("valid-csv", text_option(options.valid_csv, "FILE"), "validation rows in a file of their own");
    add("valid-rows", text_option(options.valid_rows, "A:B"), "validation rows A, A+1, …, B−1, counted from 0");
    add("valid-column", text_option(options.valid_column, "NAME"), "a column that says true for validation rows");
    add_table_split_options(line, options.split);
    add_row_options(line, options.rows);
    add_derived_options(line, options.derived);
    add("test-csv", text_option(options.test_csv, "FILE"), "rows that are scored once, at the end");
    add("preset", text_option(options.preset, "NAME")->default_value(options.preset),
        "default: a network that trains in seconds, with targets scaled; best: an ensemble that predicts better and "
        "takes minutes for tens of thousands of rows, about how many it says in its first seconds; fastai: its model and "
        "three epochs of one-cycle. Each has its own --layers, --epochs, --lr, --wd and --batch-size, and what is given by "
        "name is as given");
    add("layers", text_option(options.layers, "N,N,…"), "sizes of the hidden layers");
    add("metrics", text_option(options.metrics, "NAME,…"),
        concat("of classes: ", join(metric_names(MetricKind::classes)),
               "; of values: ", join(metric_names(MetricKind::values)),
               "; of labels (--multi-label): ", join(metric_names(MetricKind::labels)))
            .c_str());
    add("choose-thresholds", po::bool_switch(&options.choose_thresholds),
        "with --multi-label: predict a label above the probability with its highest F1 on the validation rows, rather "
        "than "
        "above 0.5; metrics stay those of 0.5");
    add_valid_share(line, options);
    add_training_options(line, options);
    return line;
}

void parse_tabular(const CommandLine& line, const Arguments& arguments, TabularTraining& options) {
    const auto values = line.parse(arguments);
    require<UsageError>(options.dataset.empty() != options.csv.empty(),
                        "Give either --dataset, a data set known by name, or --csv, a file");
    require<UsageError>(options.csv.empty() || !options.columns.target.empty(),
                        "With --csv, name the columns to predict: --target");
    take_training_options(values, options);
    std::vector<std::string> splits;
    for (const char* split : {"valid-csv", "valid-pct", "valid-rows", "valid-column"}) {
        if (options.given(split)) splits.push_back(concat("--", split));
    }
    require<UsageError>(splits.size() < 2, "Give one of ", join(splits, " and "), ", not both");
    check_split(options.split, {"valid-csv", "valid-rows", "valid-column", "stream"}, options.given);
    check_rows(options.rows, options.stream);
    check_derived(options.derived, options.stream);
    require<UsageError>(!options.columns.drop_missing_target || !options.stream,
                        "--drop-missing-target goes without --stream, which reads the files as they are");
    require<UsageError>(!options.columns.drop_missing_target || options.valid_rows.empty(),
                        "--drop-missing-target goes without --valid-rows, which would count other rows then");
    require<UsageError>(!options.choose_thresholds || !options.columns.label_delim.empty(),
                        "--choose-thresholds is for targets of several labels a row: --multi-label ';' for a;b");
    require_outputs_apart(options, {options.csv, options.valid_csv, options.test_csv});
    recipe_of(options.preset);
}

std::vector<std::string> names(const std::string& list) {
    return list.empty() ? std::vector<std::string>{} : list_of(list);
}

std::vector<int64_t> sizes(const std::string& list) {
    std::vector<int64_t> numbers;
    for (const std::string& text : list_of(list)) {
        const auto number = parse_int(text);
        require<UsageError>(number && *number >= 1, "Invalid --layers ", list,
                            ": sizes of at least 1, with commas between them, are needed");
        numbers.push_back(*number);
    }
    return numbers;
}

/// "A:B" -> the rows from A up to B − 1.
Splitter rows_splitter(const std::string& text) {
    const size_t colon = text.find(':');
    const auto part = [&](const std::string& digits) { return parse_int(digits).value_or(-1); };
    const int64_t first = colon == std::string::npos ? -1 : part(text.substr(0, colon));
    const int64_t end = colon == std::string::npos ? -1 : part(text.substr(colon + 1));
    require<UsageError>(first >= 0 && end > first, "Invalid --valid-rows ", text,
                        ": A:B are the rows A to B - 1, counted from 0");
    return slice_splitter(first, end);
}

Table read(const TabularTraining& options, const std::string& file) {
    return read_table(options.reading, file, {.trim_spaces = true});
}

/// Rows with targets.
Table read_rows(const TabularTraining& options, const std::string& file, const std::string& usual_target,
                std::vector<Warning>& warnings) {
    return with_targets(options.columns, usual_target, read(options, file), warnings);
}

/// A preset's batch size is for so many where rows are streamed, and are not counted before.
constexpr int64_t kStreamedRows = 10'000;

/// The preset with what was asked for in its place.
TabularRecipe tabular_recipe(const TabularTraining& options, const KnownTable& known) {
    TabularRecipe recipe =
        options.stream ? recipe_of(options.preset, kStreamedRows) : recipe_of(options.preset, known.table.rows());
    apply_columns(options.columns, known.table.names(), known.target, recipe.data);
    if (!recipe.data.text_names.empty()) recipe.model.members = 1;  // texts have a model of their own
    recipe.data.valid_pct = options.valid_pct;
    recipe.data.seed = static_cast<uint64_t>(options.seed);
    if (!options.valid_rows.empty()) recipe.data.splitter = rows_splitter(options.valid_rows);
    if (!options.valid_column.empty()) {
        recipe.data.splitter = column_splitter(options.valid_column);
        recipe.data.ignore_names.push_back(options.valid_column);
    }
    apply_split(options.split, recipe.data);
    apply_rows(options.rows, recipe);
    apply_derived(options.derived, known.table.names(), recipe.data);
    if (options.given("batch-size")) recipe.data.batch_size = options.batch_size;
    if (!options.layers.empty()) recipe.model.layers = sizes(options.layers);
    if (options.given("epochs")) {
        recipe.n_epoch = options.epochs;
        recipe.min_steps = 0;
    }
    if (options.given("lr")) recipe.learner.lr = options.lr;
    if (options.weight_decay) recipe.learner.weight_decay = options.weight_decay;
    return recipe;
}

/// Also says in `warnings` what there is to be said of the data.
TabularDataLoaders tabular_data_loaders(const TabularTraining& options, const KnownTable& known,
                                        const TabularOptions& data, std::vector<Warning>& warnings) {
    const auto made = [&] {
        if (options.stream) {
            const auto stream = options.streaming();
            if (options.valid_csv.empty()) return TabularDataLoaders::from_parquet(options.csv, data, stream);
            return TabularDataLoaders::from_parquet(options.csv, options.valid_csv, data, stream);
        }
        if (options.valid_csv.empty()) return TabularDataLoaders::from_table(known.table, data);
        const Table valid = read_rows(options, options.valid_csv, known.target, warnings);
        return TabularDataLoaders::from_tables(known.table, valid, data);
    };
    const TabularDataLoaders dls = made();
    warnings.insert(warnings.end(), dls.warnings().begin(), dls.warnings().end());
    return dls;
}

/// Lets the preset `best` find out which derived numbers help, unless it was said, and says what it found.
std::string choose_derived(const TabularTraining& options, const KnownTable& known, TabularRecipe& recipe) {
    if (options.preset != "best" || options.derived.given() || options.stream) return "";
    // Each would decide by itself, and figures of other machines differ in their last digits.
    if (!Strategy::from_environment()->decides_alone()) {
        return "No derived numbers: several processes try none; name them with --rotate and --neighbours";
    }
    set_seed(static_cast<uint64_t>(options.seed));
    return choose_derived_numbers(recipe, [&](const TabularOptions& data) {
        std::vector<Warning> said_later;
        return tabular_data_loaders(options, known, data, said_later);
    });
}

/// The rows that are scored at the end.
std::optional<DataLoader> test_rows(const TabularTraining& options, const std::string& usual_target,
                                    const TabularDataLoaders& dls, std::vector<Warning>& warnings) {
    if (options.test_csv.empty()) return std::nullopt;
    const Table table = read_rows(options, options.test_csv, usual_target, warnings);
    for (const TargetColumn& target : dls.targets()) {
        require(table.has(target.name), options.test_csv, " cannot be scored: it lacks the target '", target.name, "'",
                name_hint(target.name, table.names()));
    }
    EncodingCounts counts;
    DataLoader rows = dls.test_dl(table, &counts);
    const auto found = new_value_warnings(counts, table);
    warnings.insert(warnings.end(), found.begin(), found.end());
    return rows;
}

/// All rows, none where they are streamed, and the target of a known data set.
KnownTable read_all(const TabularTraining& options, std::vector<Warning>& warnings) {
    if (options.stream) return {Table::of_rows(0), ""};
    if (options.dataset.empty()) return {read_rows(options, options.csv, "", warnings), ""};
    KnownTable known = read_table_dataset(options.dataset, options.data_dir);
    known.table = with_targets(options.columns, known.target, known.table, warnings);
    return known;
}

MetricKind metric_kind(const TargetColumn& target) {
    return target.is_multi_label() ? MetricKind::labels : target.is_class() ? MetricKind::classes : MetricKind::values;
}

/// The metrics that were asked for, or the usual ones, of each target that they fit; named METRIC_TARGET where there
/// are several targets.
std::vector<Metric> metrics_for(const TabularTraining& options, const std::vector<TargetColumn>& targets) {
    std::vector<Metric> metrics;
    std::vector<std::string> unused = names(options.metrics);
    for (size_t i = 0; i < targets.size(); ++i) {
        const MetricKind kind = metric_kind(targets[i]);
        const auto known = metric_names(kind);
        for (const std::string& name : options.metrics.empty() ? usual_metrics(kind) : names(options.metrics)) {
            if (targets.size() > 1 && std::find(known.begin(), known.end(), name) == known.end()) continue;
            const std::string shown = targets.size() == 1 ? name : concat(name, "_", targets[i].name);
            metrics.push_back(metric_of(name, kind).on(i, shown));
            if (kind == MetricKind::classes && targets[i].width() > 2) {
                require_takes_classes(name, targets[i].name, targets[i].width());
            }
            std::erase(unused, name);
        }
    }
    // Says what is wrong with a name that fits no target.
    for (const std::string& name : unused) metric_of(name, metric_kind(targets.front()));
    return metrics;
}

nlohmann::json tabular_report(const TabularTraining& options, const TabularLearner& learn, const Validation& final,
                      const std::vector<Warning>& warnings) {
    const TabularDataLoaders& dls = learn.tabular_dls();
    nlohmann::json classes = nlohmann::json::object();
    for (size_t i = 0; i < dls.targets().size(); ++i) {
        if (dls.targets()[i].is_class()) classes[dls.targets()[i].name] = dls.target_classes(i);
    }
    std::vector<std::string> derived_names;
    for (const DerivedNumber& number : derived_numbers(dls.tabular())) derived_names.push_back(number.name);
    nlohmann::json result = {{"epochs", epochs_report(learn.records())},
                             {"valid_loss", figure(final.loss)},
                             {"metrics", figures(final.metrics)},
                             {"train_rows", dls.train().rows()},
                             {"valid_rows", dls.has_valid() ? dls.valid().rows() : 0},
                             {"cat_names", dls.tabular_options().cat_names},
                             {"cont_names", dls.tabular_options().cont_names},
                             {"date_names", dls.tabular_options().date_names},
                             {"text_names", dls.tabular_options().text_names},
                             {"derived_names", derived_names},
                             {"classes", classes},
                             {"columns", columns_report(dls.columns())},
                             {"warnings", warnings_report(warnings)},
                             {"preset", options.preset},
                             {"seed", options.seed}};
    if (!learn.stop_reason().empty()) result["stop_reason"] = learn.stop_reason();
    return result;
}

std::vector<Warning> recipe_warnings(const TabularRecipe& recipe, const TabularDataLoaders& dls) {
    const bool one_row = std::min(dls.train().options().batch_size, dls.train().rows()) == 1;
    if (!one_row || !recipe.model.use_bn) return {};
    return {
        {"batch_of_one_row",
         "Batch norm has nothing to take a mean over in batches of one row, and leaves these as they are; give it a "
         "--batch-size of at least 2, or train a preset without it, as --preset default"}};
}

void add(std::vector<Warning>& warnings, const std::vector<Warning>& more) {
    warnings.insert(warnings.end(), more.begin(), more.end());
}

void print_part(const std::string& part, const Validation& figures) {
    std::cout << part << "_loss " << format_number(figures.loss) << "\n";
    for (const auto& metric : figures.metrics) {
        std::cout << part << "_" << metric.first << " " << shown_metric(figures, metric.first) << "\n";
    }
}

void print_thresholds(const TabularDataLoaders& dls, const std::map<std::string, std::vector<float>>& thresholds) {
    for (size_t i = 0; i < dls.targets().size(); ++i) {
        const auto chosen = thresholds.find(dls.targets()[i].name);
        if (chosen == thresholds.end()) continue;
        const std::vector<std::string> labels = dls.target_classes(i);
        for (size_t label = 0; label < labels.size(); ++label) {
            std::cout << "threshold " << labels[label] << " " << format_number(chosen->second[label]) << "\n";
        }
    }
}

/// What the learner, trained by `recipe`, has to show, on the page of --report.
void write_tabular_page(const TabularTraining& options, const Arguments& arguments, TabularLearner& learn,
                const TabularRecipe& recipe, const nlohmann::json& result, const std::vector<std::string>& exported) {
    if (options.report_path.empty()) return;
    std::vector<std::string> targets;
    for (const TargetColumn& target : learn.tabular_dls().targets()) targets.push_back(target.name);
    Page page = training_page("A model of " + join(targets), command_text("embark train tabular", arguments), result,
                              learn.records());
    add_errors(page, learn);
    add_importance(page, learn);
    add_examples(page, learn);
    std::vector<std::string> layers;
    for (const int64_t layer : recipe.model.layers) layers.push_back(std::to_string(layer));
    auto settings = common_settings(options, recipe.learner, learn.records(), recipe.data.batch_size);
    settings.insert(settings.end(), {{"preset", options.preset},
                                     {"hidden layers", join(layers)},
                                     {"members", std::to_string(recipe.model.members)}});
    add_settings(page, settings);
    add_usage(page, exported);
    page.save(options.report_path);
}

}  // namespace

int train_tabular(const Arguments& arguments) {
    TabularTraining options;
    const CommandLine line = tabular_command_line(options);
    if (line.help_printed(arguments)) return kSuccess;
    parse_tabular(line, arguments, options);
    SignalStop signals;
    at::set_num_threads(static_cast<int>(options.threads));

    std::vector<Warning> warnings;
    const KnownTable known = read_all(options, warnings);
    TabularRecipe recipe = tabular_recipe(options, known);
    if (auto note = split_note(options.split); !note.empty()) warnings.push_back({"split_column", std::move(note)});
    const std::string derived = choose_derived(options, known, recipe);
    const TabularDataLoaders dls = tabular_data_loaders(options, known, recipe.data, warnings);
    // Before the training, so that a file that cannot be scored is found out in time.
    const std::optional<DataLoader> test = test_rows(options, known.target, dls, warnings);
    recipe.learner.metrics = metrics_for(options, dls.targets());
    add(warnings, recipe_warnings(recipe, dls));
    if (Strategy::from_environment()->is_main_process()) {
        if (!options.quiet) show_columns(dls.columns());
        if (!derived.empty()) std::cerr << derived << "\n";
        show_warnings(warnings);
    }
    recipe.learner.callbacks.push_back(data_parallel());

    if (exports_onnx(options)) require_onnx_form(tabular_learner(dls, recipe.model, {.progress = false}));
    set_seed(static_cast<uint64_t>(options.seed));
    TabularLearner learn = tabular_learner(dls, recipe.model, recipe.learner);
    fit_recipe(learn, recipe, {.stop = signals.token(), .checkpoint = options.checkpoint()});
    if (was_stopped(signals, learn)) return stopped_by(signals, options);
    if (!learn.is_main_process()) return kSuccess;
    const Validation final = learn.validate();
    require_finite_loss(final, learn.records());
    std::map<std::string, std::vector<float>> thresholds;
    if (options.choose_thresholds) thresholds = learn.choose_thresholds();
    const std::vector<std::string> exported = export_model(options, learn, final);
    std::vector<Warning> of_training = undefined_metrics(final);
    add(of_training, learn.records().epochs.empty() ? training_warnings(learn.records()) : baseline_warnings(learn));
    show_warnings(of_training);
    add(warnings, of_training);

    nlohmann::json result = tabular_report(options, learn, final, warnings);
    if (!derived.empty()) result["derived_choice"] = derived;
    add_exported(result, exported);
    if (options.choose_thresholds) result["thresholds"] = thresholds;
    std::optional<Validation> tested;
    if (test) {
        tested = learn.validate(*test);
        result["test_loss"] = figure(tested->loss);
        result["test_metrics"] = figures(tested->metrics);
    }
    write_tabular_page(options, arguments, learn, recipe, result, exported);
    if (options.json) {
        std::cout << result.dump(2) << "\n";
        return kSuccess;
    }
    print_part("valid", final);
    if (tested) print_part("test", *tested);
    print_thresholds(dls, thresholds);
    for (const std::string& file : exported) std::cout << "exported " << file << "\n";
    return kSuccess;
}

}  // namespace embark::tools
