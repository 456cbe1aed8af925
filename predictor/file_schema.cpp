#include "file_schema.h"

#include <limits>
#include <map>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../core/text.h"
#include "detail/description.h"
#include "detail/tabular_encoder_json.h"

namespace embark {

using Json = nlohmann::json;

namespace {

constexpr int64_t kMostCounted = std::numeric_limits<int64_t>::max();

/// What is said of each column of a table, by name, the parts of dates among them.
std::map<std::string, Json> table_columns(const TabularEncoder& encoder) {
    std::map<std::string, Json> columns;
    for (const CategoryColumn& column : encoder.categories) {
        std::vector<std::string> names = column.vocabulary.names();
        names.erase(names.begin());  // #na#
        columns[column.name] = {
            {"kind", "category"}, {"categories", names}, {"spelling", to_string(column.vocabulary.spelling())}};
    }
    for (const NumberColumn& column : encoder.numbers) {
        columns[column.name] = {{"kind", "number"}, {"fill", column.fill}};
    }
    for (const DateColumn& column : encoder.dates) {
        columns[column.name] = {{"kind", "date"}, {"format", column.format}, {"time", column.time}};
    }
    for (const TextColumn& column : encoder.texts) {
        columns[column.name] = {{"kind", "text"}, {"max_len", column.max_len}};
    }
    return columns;
}

void add_table(Json& schema, const Json& preprocessing) {
    const TabularEncoder encoder = tabular_encoder_from_json(preprocessing);
    const auto columns = table_columns(encoder);
    for (const std::string& name : encoder.input_names()) {
        schema["inputs"].push_back(columns.at(name));
        schema["inputs"].back()["name"] = name;
    }
    for (size_t i = 0; i < encoder.targets.size(); ++i) {
        const TargetColumn& target = encoder.targets[i];
        const char* kind = target.is_multi_label() ? "labels" : target.is_class() ? "class" : "value";
        schema["outputs"].push_back({{"name", target.name}, {"kind", kind}});
        if (target.is_class()) schema["outputs"].back()["classes"] = encoder.target_classes(i);
    }
}

void add_ratings(Json& schema, const Json& description) {
    for (const std::string name : description.at("inputs")) {
        const int64_t entries = integer_in(description.at("vocabulary_sizes"), name.c_str(), 1, kMostCounted);
        schema["inputs"].push_back({{"name", name}, {"kind", "id"}, {"count", entries - 1}});
    }
    for (const std::string name : description.at("outputs")) {
        schema["outputs"].push_back({{"name", name}, {"kind", "value"}});
    }
}

/// How the model came about, and what its maker says of it, where the description tells.
void add_origin(Json& schema, const Json& description) {
    if (const auto training = description.find("training"); training != description.end()) {
        Json recorded = Json::object();
        for (const auto& [name, value] : training->at("recorded").get<std::map<std::string, Json>>()) {
            recorded[name] = value.is_null() ? value : Json(value.get<double>());  // null: it was no number
        }
        schema["training"] = {{"epochs", integer_in(*training, "epochs", 0, kMostCounted)},
                              {"recorded", std::move(recorded)}};
    }
    if (const auto metadata = description.find("metadata"); metadata != description.end()) {
        schema["metadata"] = metadata->get<std::map<std::string, std::string>>();
    }
}

/// Of other kinds what forward takes, where the description says so.
void add_tensors(Json& schema, const Json& description) {
    const auto inputs = description.find("forward_inputs");
    for (size_t i = 0; inputs != description.end() && i < inputs->size(); ++i) {
        const Json& described = inputs->at(i);
        Json input = {{"name", inputs->size() == 1 ? "x" : concat("x", i + 1)},
                      {"kind", "tensor"},
                      {"type", described.at("type").get<std::string>()},
                      {"shape", described.at("shape").get<std::vector<int64_t>>()}};
        const auto names = described.value("free", std::vector<std::string>());
        for (size_t dim = 0; dim < names.size(); ++dim) {
            if (!names[dim].empty()) input["shape"].at(dim) = names[dim];
        }
        schema["inputs"].push_back(std::move(input));
    }
    for (const std::string name : description.value("outputs", Json::array())) {
        schema["outputs"].push_back({{"name", name}, {"kind", "tensor"}});
    }
}

/// What `read` makes of a description.
template <class Read>
auto of_description(const std::string& text, Read read) {
    constexpr const char* kBad = "the description of the file is not one that Embark writes";
    try {
        return read(parse_description(text));
    } catch (const Json::exception&) {
        fail(kBad);
    } catch (const std::out_of_range&) {
        fail(kBad, ": it names a column that it does not have");
    } catch (const Error& error) {
        fail(kBad, ": ", error.what());
    }
}

}  // namespace

std::string file_schema(const std::string& text) {
    return of_description(text, [](const Json& description) {
        const std::string kind = description.at("kind");
        Json schema = {{"kind", kind},
                       {"model", description.at("model").get<std::string>()},
                       {"version", description.at("version").get<std::string>()},
                       {"inputs", Json::array()},
                       {"outputs", Json::array()}};
        add_origin(schema, description);
        if (kind == "tabular") {
            add_table(schema, description.at("preprocessing"));
        } else if (kind == "collab") {
            add_ratings(schema, description);
        } else {
            add_tensors(schema, description);
        }
        if (kind == "images") {
            Json& output = schema["outputs"].at(0);
            output["kind"] = "class";
            output["classes"] = description.at("preprocessing").at("classes").get<std::vector<std::string>>();
        }
        return schema.dump();
    });
}

TabularEncoder file_encoder(const std::string& text) {
    return of_description(text, [](const Json& description) {
        require(description.at("kind") == "tabular", "the file is not one of tables: its kind is ",
                description.at("kind").get<std::string>());
        return tabular_encoder_from_json(description.at("preprocessing"));
    });
}

}  // namespace embark
