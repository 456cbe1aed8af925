#include <algorithm>
#include <filesystem>
#include <iostream>

#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>
#include <embark/data/tabular/tabular.h>
#include <embark/learners/export/exported_model.h>
#include <embark/learners/onnx/export_onnx.h>
#include <embark/learners/onnx/onnx_file.h>
#include <embark/learners/onnx/triton.h>
#include <embark/predictor/file_schema.h>
#include <embark/predictor/vocabulary.h>

#include "column_report.h"
#include "commands.h"
#include "file_contents.h"
#include "file_page.h"
#include "json.h"
#include "read_table.h"

// The commands that look at exported files and convert them, without asking the model.
namespace embark::tools {
namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
    std::vector<std::string> parts;
    for (const int64_t extent : shape) parts.push_back(std::to_string(extent));
    return concat("(", join(parts), ")");
}

/// Words at the front, without the options' names: `embark inspect FILE` is `embark inspect --model FILE`.
Arguments with_names(Arguments words, const std::vector<std::string>& names) {
    Arguments named;
    size_t given = 0;
    while (given < words.size() && given < names.size() && !words[given].starts_with("--")) {
        named.insert(named.end(), {"--" + names[given], words[given]});
        ++given;
    }
    named.insert(named.end(), words.begin() + static_cast<std::ptrdiff_t>(given), words.end());
    return named;
}

/// What a table has that the model's training had not, and what is said of it.
struct NewValues {
    EncodingCounts counts;
    std::vector<Warning> warnings;
};

NewValues new_values_of_rows(const std::string& description, const Table& table) {
    NewValues found;
    TabularEncoder encoder = file_encoder(description);
    for (TextColumn& text : encoder.texts) text.max_len = 1;  // of texts nothing is counted, which take most memory
    TabularData(std::move(encoder)).encode(table, &found.counts);
    found.warnings = found.counts.warnings();
    return found;
}

std::vector<std::string> texts_of(const std::string& path, const std::string& json) {
    try {
        return Json::parse(json).get<std::vector<std::string>>();
    } catch (const Json::exception&) {
        fail(path, " is damaged: a vocabulary in it is not a list of texts");
    }
}

/// The same of users and items that an ONNX file has not.
NewValues new_ids(const std::string& path, const Json& schema, const Table& table) {
    const auto metadata = read_onnx_metadata(path);
    const std::string otherwise =
        path + " does not say which ids it knows; convert the TorchScript file again, or check that one";
    NewValues found;
    for (const Json& input : schema.at("inputs")) {
        const std::string column = input.at("name");
        const auto ids = Vocabulary::from_names(texts_of(path, onnx_entry(metadata, "vocabulary." + column, otherwise)),
                                                parse_spelling(onnx_entry(metadata, "spelling." + column, otherwise)));
        SeenValues seen;
        for (const std::string& id : table.text(column)) seen.add(ids, id);
        found.counts.add(column, seen);
    }
    found.warnings = found.counts.id_warnings();
    return found;
}

NewValues new_values(const std::string& path, const Table& table) {
    if (is_onnx(path)) {
        const std::string description = onnx_description(path);
        const Json schema = Json::parse(file_schema(description));
        if (schema.at("kind") == "collab") return new_ids(path, schema, table);
        require(schema.at("kind") == "tabular", path, " takes tensors: there is nothing in a table that it could know");
        return new_values_of_rows(description, table);
    }
    const ExportedModel model = ExportedModel::load(path);
    if (model.predicts_rows()) return new_values_of_rows(model.info().description, table);
    NewValues found;
    model.predict_ratings(table, &found.counts);
    found.warnings = found.counts.id_warnings();
    return found;
}

std::string short_list(const Json& values) {
    constexpr size_t kShown = 5;
    std::vector<std::string> shown;
    for (size_t i = 0; i < std::min(kShown, values.size()); ++i) shown.push_back(values[i].get<std::string>());
    const size_t more = values.size() - shown.size();
    return join(shown) + (more > 0 ? concat(" and ", more, " more") : "");
}

/// "number, 39 where it is missing".
std::string said_of(const Json& column) {
    const std::string kind = column.at("kind");
    if (kind == "category") return concat("category: ", short_list(column.at("categories")));
    if (kind == "number") return concat("number, ", column.at("fill"), " where it is missing");
    if (kind == "text") return concat("text, ", column.at("max_len"), " tokens");
    if (kind == "id") return concat("id, ", column.at("count"), " known");
    if (kind == "tensor" && column.contains("shape")) {
        return concat(column.at("type").get<std::string>(), ", (rows",
                      column.at("shape").empty() ? "" : ", ", join([&] {
                          std::vector<std::string> sizes;
                          for (const Json& size : column.at("shape")) {
                              sizes.push_back(size.is_string() ? size.get<std::string>() : size.dump());
                          }
                          return sizes;
                      }()),
                      ")");
    }
    if (column.contains("classes")) return concat(kind, ": ", short_list(column.at("classes")));
    return kind;
}

void print_columns(const char* title, const Json& columns) {
    if (columns.empty()) return;
    std::cout << title << "\n";
    for (const Json& column : columns) {
        std::cout << "  " << column.at("name").get<std::string>() << "  " << said_of(column) << "\n";
    }
}

void print_schema(const Json& schema) {
    print_columns("takes", schema.at("inputs"));
    print_columns("gives", schema.at("outputs"));
    if (schema.contains("training")) {
        std::cout << "recorded in the last of " << schema["training"].at("epochs") << " epochs\n";
        for (const auto& [name, value] : schema["training"].at("recorded").items()) {
            std::cout << "  " << name << "  " << value << "\n";
        }
    }
    if (schema.contains("metadata")) {
        std::cout << "metadata\n";
        for (const auto& [name, text] : schema["metadata"].items()) {
            std::cout << "  " << name << "  " << text.get<std::string>() << "\n";
        }
    }
}

void print_contents(const Json& contents) {
    const bool onnx = contents.at("format") == "onnx";
    std::cout << contents.at("model").get<std::string>() << ", exported by Embark "
              << contents.at("version").get<std::string>() << " (" << contents.at("kind").get<std::string>() << ", "
              << (onnx ? "ONNX" : "TorchScript") << ")\n";
    print_schema(onnx ? contents : contents.at("schema"));
    if (onnx) return;
    std::cout << "methods\n";
    for (const auto& method : contents.at("methods")) std::cout << "  " << method.get<std::string>() << "\n";
    const Json& sizes = contents.at("vocabulary_sizes");
    if (!sizes.empty()) std::cout << "vocabularies, #na# included\n";
    for (const auto& [name, size] : sizes.items()) std::cout << "  " << name << "  " << size << "\n";
    std::cout << "parameters\n";
    for (const auto& [name, shape] : contents.at("parameters").items()) {
        std::cout << "  " << name << "  " << shape_text(shape.get<std::vector<int64_t>>()) << "\n";
    }
}

}  // namespace

int inspect(const Arguments& arguments) {
    CommandLine line("embark inspect FILE", "Says what an exported model takes, gives and holds.");
    auto add = line.options.add_options();
    add("model", po::value<std::string>()->value_name("FILE"),
        "the model, TorchScript or ONNX, where it is not given as the first word");
    add("json", po::bool_switch(), "print it as one JSON object");
    add("html", po::bool_switch(), "print it as a page, with an example of a call in Python and C++");
    if (line.help_printed(arguments)) return kSuccess;
    const auto values = line.parse(with_names(arguments, {"model"}));
    const bool json = values["json"].as<bool>(), html = values["html"].as<bool>();
    require<UsageError>(!json || !html, "Give --json or --html, not both");
    const std::string path = required_text(values, "model");
    const Json contents = file_contents(path);
    if (json) {
        std::cout << contents.dump(2) << "\n";
    } else if (html) {
        std::cout << file_page(path, contents);
    } else {
        print_contents(contents);
    }
    return kSuccess;
}

namespace {

/// The files of a model, in ONNX, become models of a repository.
int convert_for_triton(const std::filesystem::path& model, const std::filesystem::path& dir, bool json) {
    const auto files = is_onnx(model) ? std::vector<OnnxBytes>{{model, read_file(model)}}
                                      : onnx_files(ExportedFile(model), model.filename().replace_extension(".onnx"));
    const auto names = write_triton_repository(files, dir);
    if (json) {
        std::cout << Json{{"models", names}}.dump(2) << "\n";
    } else {
        for (const std::string& name : names) std::cout << "model " << name << " in " << (dir / name).string() << "\n";
    }
    return kSuccess;
}

}  // namespace

int convert(const Arguments& arguments) {
    CommandLine line("embark convert (OLD.pt NEW.onnx | MODEL --triton DIR)",
                     "Writes a model that was exported as TorchScript as ONNX, or lays it out for Triton Inference Server.");
    auto add = line.options.add_options();
    add("model", po::value<std::string>()->value_name("FILE"), "the TorchScript file, where it is not the first word");
    add("to", po::value<std::string>()->value_name("FILE"),
        "the ONNX file, where it is not the second word; for ratings NAME.recommend.onnx and NAME.similar.onnx are "
        "written beside it");
    add("triton", po::value<std::string>()->value_name("DIR"),
        "a model repository of Triton: the model, TorchScript or ONNX, becomes DIR/NAME/1/model.onnx with "
        "DIR/NAME/config.pbtxt");
    add("json", po::bool_switch(), "print the names of the files as one JSON object");
    if (line.help_printed(arguments)) return kSuccess;
    const auto values = line.parse(with_names(arguments, {"model", "to"}));
    const std::string model = required_text(values, "model");
    if (values.count("triton")) {
        require<UsageError>(values.count("to") == 0, "Give either NEW.onnx or --triton DIR, not both");
        return convert_for_triton(model, required_text(values, "triton"), values["json"].as<bool>());
    }
    const std::string to = required_text(values, "to");
    require<UsageError>(is_onnx(to), "Invalid file to write, ", to, ": its name must end with .onnx");
    const auto files = convert_to_onnx(ExportedFile(model), to);
    std::vector<std::string> names;
    for (const auto& file : files) names.push_back(file.string());
    if (values["json"].as<bool>()) {
        std::cout << Json{{"exports", names}}.dump(2) << "\n";
    } else {
        for (const std::string& name : names) std::cout << "exported " << name << "\n";
    }
    return kSuccess;
}

int check(const Arguments& arguments) {
    CommandLine line("embark check FILE --input ROWS.csv [OPTIONS]",
                     "Says which values of a table an exported model does not know, without asking the model.");
    auto add = line.options.add_options();
    add("model", po::value<std::string>()->value_name("FILE"),
        "the model, TorchScript or ONNX, where it is not given as the first word");
    add("input", po::value<std::string>()->value_name("FILE"),
        "a file of CSV (compressed or not, - for standard input), Parquet or Arrow with the model's input columns");
    add("json", po::bool_switch(), "print it as one JSON object");
    ReadingOptions reading;
    add_reading_options(line, reading);
    if (line.help_printed(arguments)) return kSuccess;
    const auto values = line.parse(with_names(arguments, {"model"}));
    const std::string path = required_text(values, "model"), input = required_text(values, "input");
    const auto [counts, warnings] = new_values(path, read_table(reading, input, {.trim_spaces = true}));
    if (values["json"].as<bool>()) {
        std::cout << Json{{"unknown", counts.unknown},
                          {"filled", counts.filled},
                          {"unreadable", counts.unreadable},
                          {"warnings", warnings_report(warnings)}}
                         .dump(2)
                  << "\n";
        return kSuccess;
    }
    for (const Warning& warning : warnings) std::cout << warning.message << "\n";
    if (warnings.empty()) std::cout << "The model knows every value of " << input << "\n";
    return kSuccess;
}

}  // namespace embark::tools
