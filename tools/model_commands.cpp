#include <algorithm>
#include <cmath>
#include <iostream>

#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/data/csv/csv.h>
#include <embark/data/table/free_names.h>
#include <embark/data/table/table.h>
#include <embark/learners/export/exported_model.h>
#include <embark/predictor/item_ranking.h>

#include "column_report.h"
#include "commands.h"
#include "json.h"
#include "read_table.h"
#include "training_options.h"

// The commands that use an exported model.
namespace embark::tools {
namespace {

void add_model_options(CommandLine& line) {
    auto add = line.options.add_options();
    add("model", po::value<std::string>()->value_name("FILE"), "a model that embark exported");
    add("json", po::bool_switch(), "print the results as one JSON object");
}

ExportedModel load_model(const po::variables_map& values) {
    return ExportedModel::load(required_text(values, "model"));
}

void print(const std::vector<Scored>& results, const std::string& name, const std::string& score, bool json,
           const std::vector<Warning>& warnings = {}) {
    show_warnings(warnings);
    if (!json) {
        for (const auto& result : results) std::cout << format_number(result.score, 4) << "  " << result.name << "\n";
        return;
    }
    Json list = Json::array();
    for (const auto& result : results) list.push_back({{name, result.name}, {score, result.score}});
    std::cout << Json{{"results", list}, {"warnings", warnings_report(warnings)}}.dump(2) << "\n";
}

CommandLine ranking_line(const std::string& usage, const std::string& summary, const char* of, const char* what) {
    CommandLine line(usage, summary);
    add_model_options(line);
    auto add = line.options.add_options();
    add(of, po::value<std::string>()->value_name("NAME"), what);
    add("top", po::value<int64_t>()->default_value(10)->value_name("K"), "how many results");
    return line;
}

int64_t top_of(const po::variables_map& values) {
    const auto top = values["top"].as<int64_t>();
    require<UsageError>(top >= 1, "Invalid --top ", top, ": at least 1 is needed");
    return top;
}

std::vector<double> numbers_of(const at::Tensor& values) {
    const at::Tensor flat = values.to(at::kDouble).contiguous();
    return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

/// `table` without the columns that cannot be written as text (lists, bytes) and that the model does not need.
Table writable(const Table& table, const std::vector<std::string>& needed) {
    std::vector<std::string> kept;
    for (const std::string& name : table.names()) {
        const bool is_needed = std::find(needed.begin(), needed.end(), name) != needed.end();
        if (is_needed || table.has_text(name)) {
            kept.push_back(name);
            continue;
        }
        std::cerr << "embark: column '" << name << "' of " << table.source()
                  << " cannot be written as text; it is left out of the predictions\n";
    }
    return kept.size() == table.names().size() ? table : table.select(kept);
}

/// `wanted` as names for columns beside those of the input; says so where they cannot be called so.
std::vector<std::string> output_names(const Table& input, const std::vector<std::string>& wanted) {
    auto names = free_names(input.names(), wanted);
    if (names != wanted) {
        const auto taken =
            std::find_if(wanted.begin(), wanted.end(), [&](const std::string& name) { return input.has(name); });
        std::cerr << "embark: the input has a column '" << *taken << "' already; the predictions are in "
                  << join(names) << "\n";
    }
    return names;
}

void predict_ratings(const ExportedModel& model, const Table& table, bool json) {
    EncodingCounts counts;
    const auto predictions = model.predict_ratings(table, &counts);
    const auto warnings = counts.id_warnings();
    show_warnings(warnings);
    if (!json) {
        return write_csv(std::cout, table.with_column(output_names(table, {"prediction"}).front(), predictions));
    }
    Json unknown = Json::object();
    for (const auto& [column, seen] : counts.seen) unknown[column] = seen.unknown;
    std::cout << Json{{"predictions", numbers_of(predictions)},
                      {"unknown", unknown},
                      {"warnings", warnings_report(warnings)}}
                     .dump(2)
              << "\n";
}

/// Throws unless a table has what the model predicts from: rows, or users and items.
void require_raw_values(const ExportedModel& model) {
    if (model.predicts_rows() || model.file().has_method("recommend")) return;
    require(model.file().has_method("predict"),
            "The model takes encoded tensors, not raw values, so it cannot be used with a CSV file");
    fail("The model is of a kind of its own, '", model.info().kind, "', which a CSV file cannot be given to; call it ",
         "from a program: ", join(model.info().methods, "; "));
}

void predict_rows(const ExportedModel& model, const Table& table, bool json) {
    EncodingCounts counts;
    const auto predictions = model.predict(table, &counts);
    const auto warnings = counts.warnings();
    show_warnings(warnings);
    if (!json) {
        output_names(table, prediction_names(predictions));
        return write_csv(std::cout, with_predictions(table, predictions));
    }
    Json result = {{"unknown", counts.unknown},
                   {"filled", counts.filled},
                   {"unreadable", counts.unreadable},
                   {"warnings", warnings_report(warnings)},
                   {"predictions", Json::object()}};
    for (const TargetPredictions& prediction : predictions) {
        Json& target = result["predictions"][prediction.target];
        if (!prediction.is_class()) {
            target["values"] = numbers_of(prediction.values);
            continue;
        }
        target["labels"] = prediction.labels();
        for (size_t i = 0; i < prediction.classes.size(); ++i) {
            target["probabilities"][prediction.classes[i]] =
                numbers_of(prediction.probabilities.select(1, static_cast<int64_t>(i)));
        }
    }
    std::cout << result.dump(2) << "\n";
}

/// Items and their ratings, the first two columns of a CSV file.
std::vector<Scored> read_rated(const std::string& file) {
    const Table table = read_csv(file, {.trim_spaces = true});
    require(table.columns() >= 2, file, " has ", table.columns(), table.columns() == 1 ? " column" : " columns",
            "; the items and their ratings are two");
    const std::vector<std::string> items = table.text(table.names()[0]);
    const at::Tensor ratings = table.finite_numbers(table.names()[1]);
    std::vector<Scored> rated;
    for (size_t i = 0; i < items.size(); ++i) {
        rated.push_back({items[i], ratings[static_cast<int64_t>(i)].item<double>()});
    }
    return rated;
}

/// Items, the first column of a CSV file.
std::vector<std::string> read_items(const std::string& file) {
    const Table table = read_csv(file, {.trim_spaces = true});
    return table.text(table.names().front());
}

}  // namespace

int predict(const Arguments& arguments) {
    CommandLine line("embark predict --model FILE --input FILE.csv [OPTIONS]",
                     "Prints the input as CSV with the model's predictions as further columns.");
    add_model_options(line);
    auto add = line.options.add_options();
    add("input", po::value<std::string>()->value_name("FILE"),
        "a file of CSV (compressed or not, - for standard input), Parquet or Arrow with the model's input columns");
    ReadingOptions reading;
    add_reading_options(line, reading);
    if (line.help_printed(arguments)) return kSuccess;
    const auto values = line.parse(arguments);
    const std::string input = required_text(values, "input");
    const ExportedModel model = load_model(values);
    require_raw_values(model);
    const Table table = writable(read_table(reading, input, {.trim_spaces = true}), model.info().inputs);
    const bool json = values["json"].as<bool>();
    if (model.predicts_rows()) {
        predict_rows(model, table, json);
    } else {
        predict_ratings(model, table, json);
    }
    return kSuccess;
}

int recommend(const Arguments& arguments) {
    if (std::ranges::find(arguments, "--users") != arguments.end()) return recommend_all(arguments);
    auto line = ranking_line("embark recommend --model FILE (--user ID | --rated FILE | --users FILE) [--top K]",
                             "Prints the items that the user would rate highest, without those rated already.", "user",
                             "the user, as in the training data");
    std::string rated, users;
    auto add = line.options.add_options();
    add("rated", text_option(rated, "FILE"),
        "a CSV file with the items and the ratings, in its first two columns, of a user whom training did not see, for "
        "models of the preset best; for models of interactions with the items alone");
    add("users", text_option(users, "FILE"),
        "many users, one id a line: `embark recommend --users FILE --help` has its options");
    if (line.help_printed(arguments)) return kSuccess;
    const auto values = line.parse(arguments);
    if (!rated.empty()) {
        require<UsageError>(values.count("user") == 0, "Give either --user or --rated, not both");
        const auto model = load_model(values);
        const bool by_items = ranks_items(model.file());
        print(by_items ? model.recommend_for_items(read_items(rated), top_of(values))
                       : model.recommend_for(read_rated(rated), top_of(values)), "item", "prediction", values["json"].as<bool>());
        return kSuccess;
    }
    const std::string user = required_text(values, "user");
    const auto model = load_model(values);
    const auto results = model.recommend(user, top_of(values));
    std::vector<Warning> warnings;
    if (!model.knows_user(user)) {
        warnings.push_back({"unknown_ids", concat("user '", user,
                                                  "' was not in the training data; showing results for an unknown "
                                                  "user")});
    }
    if (results.empty()) {
        warnings.push_back({"no_items", concat("user '", user, "' has rated every item; none is left to recommend")});
    }
    print(results, "item", "prediction", values["json"].as<bool>(), warnings);
    return kSuccess;
}

int similar(const Arguments& arguments) {
    const auto line = ranking_line("embark similar --model FILE --item NAME [--top K]",
                                   "Prints the items whose factors are nearest to one item's, by cosine similarity.",
                                   "item", "the item, as in the training data");
    if (line.help_printed(arguments)) return kSuccess;
    const auto values = line.parse(arguments);
    const std::string item = required_text(values, "item");
    const auto model = load_model(values);
    print(model.similar(item, top_of(values)), "item", "similarity", values["json"].as<bool>());
    return kSuccess;
}

}  // namespace embark::tools
