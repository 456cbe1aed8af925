#include "file_page.h"

#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/plots/page.h>

#include "json.h"

namespace embark::tools {

namespace {

constexpr const char* kFileStyle = R"(<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; }
pre { background: #f5f5f5; padding: .8rem; overflow-x: auto; }
</style>
)";

std::string plain(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// A list with commas, everything else as it is.
std::string cell(const Json& value) {
    if (!value.is_array()) return plain(value);
    std::vector<std::string> parts;
    for (const Json& part : value) parts.push_back(plain(part));
    return join(parts);
}

std::string row(const std::string& name, const std::string& text) {
    return concat("<tr><th>", html_escape(name), "</th><td>", html_escape(text), "</td></tr>\n");
}

/// A row for each column: its name, and all else that is said of it.
std::string column_table(const char* title, const Json& columns) {
    if (columns.empty()) return "";
    std::string html = concat("<h2>", title, "</h2>\n<table>\n");
    for (const Json& column : columns) {
        std::vector<std::string> said = {plain(column.at("kind"))};
        for (const auto& [key, value] : column.items()) {
            if (key != "name" && key != "kind") said.push_back(concat(key, ": ", cell(value)));
        }
        html += row(plain(column.at("name")), join(said, "; "));
    }
    return html + "</table>\n";
}

std::string value_table(const std::string& title, const Json& values) {
    std::string html = concat("<h2>", title, "</h2>\n<table>\n");
    for (const auto& [name, value] : values.items()) html += row(name, cell(value));
    return html + "</table>\n";
}

/// A value that the column could have, as Python and C++ both write it.
std::string example_value(const Json& column) {
    const std::string kind = column.at("kind");
    if (kind == "number") return column.at("fill").dump();
    if (kind == "category" && !column.at("categories").empty()) return column.at("categories").front().dump();
    return kind == "date" ? "\"2024-01-31\"" : "\"…\"";
}

bool is_number(const Json& column) {
    return column.at("kind") == "number";
}

std::string python_onnx(const std::string& file, const Json& inputs) {
    std::vector<std::string> feeds;
    for (const Json& input : inputs) {
        const bool tensor = input.at("kind") == "tensor";
        const std::string value =
            tensor ? "x" : concat("np.array([[", example_value(input), "]]", is_number(input) ? ")" : ", dtype=object)");
        feeds.push_back(concat("    ", input.at("name").dump(), ": ", value, ","));
    }
    return concat("import numpy as np, onnxruntime as ort\nsession = ort.InferenceSession(\"", file,
                  "\")\nsession.run(None, {\n", join(feeds, "\n"), "\n})");
}

std::string python_torchscript(const std::string& file, const std::string& kind, const Json& inputs) {
    const std::string load = concat("import torch\nm = torch.jit.load(\"", file, "\")\n");
    if (kind == "collab") return load + "m.predict([\"a user\"], [\"an item\"])\nm.recommend(\"a user\", 10)";
    if (kind != "tabular") return load + "m.forward(x)";
    std::vector<std::string> texts, numbers;
    for (const Json& input : inputs) {
        (is_number(input) ? numbers : texts)
            .push_back(concat(input.at("name").dump(), ": [", example_value(input), "]"));
    }
    return concat(load, "m.predict({", join(texts), "}, {", join(numbers), "})");
}

std::string cpp_example(const std::string& file, const std::string& kind, const Json& inputs) {
    const std::string load = concat("#include <embark/predictor.h>\nconst auto model = embark::Predictor::load(\"",
                                    file, "\");\n");
    if (kind == "collab") return load + "model.recommend(\"a user\", 10);";
    if (kind != "tabular") return load + "model.forward({x});";
    std::vector<std::string> values;
    for (const Json& input : inputs) values.push_back(concat("{", input.at("name").dump(), ", ", example_value(input), "}"));
    return concat(load, "model.predict({", join(values), "});");
}

std::string code(const char* title, const std::string& text) {
    return concat("<h3>", title, "</h3>\n<pre>", html_escape(text), "</pre>\n");
}

bool is_onnx_file(const Json& contents) {
    return contents.at("format") == "onnx";
}

const Json& schema_of(const Json& contents) {
    return is_onnx_file(contents) ? contents : contents.at("schema");
}

}  // namespace

std::string call_examples(const std::string& path, const Json& contents) {
    const std::string name = std::filesystem::path(path).filename().string();
    const Json& schema = schema_of(contents);
    const Json& inputs = schema.at("inputs");
    const std::string kind = schema.at("kind");
    if (is_onnx_file(contents)) return code("Python", python_onnx(name, inputs));
    return code("Python", python_torchscript(name, kind, inputs)) + code("C++", cpp_example(name, kind, inputs));
}

std::string file_page(const std::string& path, const Json& contents) {
    const Json& schema = schema_of(contents);
    const std::string name = std::filesystem::path(path).filename().string();
    std::string html =
        concat("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>", html_escape(name),
               "</title>\n", kFileStyle, "<h1>", html_escape(name), "</h1>\n<p>", html_escape(plain(schema.at("model"))),
               ", ", is_onnx_file(contents) ? "ONNX" : "TorchScript", ", exported by Embark ",
               html_escape(plain(schema.at("version"))), "</p>\n", column_table("Takes", schema.at("inputs")),
               column_table("Gives", schema.at("outputs")));
    if (schema.contains("training")) html += value_table("Recorded in training", schema["training"].at("recorded"));
    if (schema.contains("metadata")) html += value_table("Metadata", schema["metadata"]);
    return concat(html, "<h2>How to call it</h2>\n", call_examples(path, contents), "</html>\n");
}

}  // namespace embark::tools
