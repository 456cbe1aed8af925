#include "tabular_encoder_json.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "../../core/error.h"
#include "description.h"

namespace embark {

using Json = nlohmann::json;

namespace {

/// Of more tokens no text is; a model would need one number each.
constexpr int64_t kLongestText = 1'000'000;

Json to_json(const NumberScaler& scaler) {
    return {{"scaling", to_string(scaler.scaling())},
            {"shift", scaler.shift()},
            {"scale", scaler.scale()},
            {"quantiles", scaler.quantiles()}};
}

NumberScaler scaler_from(const Json& json) {
    return {parse_scaling(json.at("scaling").get<std::string>()), json.at("shift"), json.at("scale"),
            json.at("quantiles").get<std::vector<double>>()};
}

/// Version 0.1 took every value as it was written and knew no other spelling.
Vocabulary vocabulary_from(const Json& json, const char* names) {
    return Vocabulary::from_names(json.at(names).get<std::vector<std::string>>(),
                                  parse_spelling(json.value("spelling", "as_written")));
}

/// The format and the prefix only where they are not the usual ones, so that files without them stay what they were.
Json to_json(const DateColumn& date) {
    Json json = {{"name", date.name}, {"time", date.time}};
    if (!date.format.empty()) json["format"] = date.format;
    if (date.prefix) json["prefix"] = *date.prefix;
    return json;
}

DateColumn date_from(const Json& json) {
    DateColumn date{.name = json.at("name"), .time = json.at("time"), .format = json.value("format", "")};
    if (const auto prefix = json.find("prefix"); prefix != json.end()) date.prefix = prefix->get<std::string>();
    if (!date.format.empty()) require_date_format(date.format);
    return date;
}

/// The delimiter and the thresholds only where there are such, for the same reason.
Json to_json(const TargetColumn& target) {
    Json json = {{"name", target.name},
                 {"classes", target.classes.names()},
                 {"spelling", to_string(target.classes.spelling())},
                 {"log", target.log},
                 {"mean", target.mean},
                 {"scale", target.scale}};
    if (target.is_multi_label()) json["label_delim"] = target.label_delim;
    if (!target.thresholds.empty()) json["thresholds"] = target.thresholds;
    return json;
}

std::vector<double> doubles_of(const at::Tensor& values) {
    const at::Tensor flat = values.flatten().contiguous();
    return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

Json to_json(const Neighbours& neighbours) {
    return {{"columns", neighbours.columns},
            {"scales", neighbours.scales},
            {"counts", neighbours.counts},
            {"points", doubles_of(neighbours.points)},
            {"targets", doubles_of(neighbours.targets)}};
}

/// Throws Error where its parts do not fit one another.
Neighbours neighbours_from(const Json& json, int64_t n_targets) {
    Neighbours read{.columns = json.at("columns"), .scales = json.at("scales"), .counts = json.at("counts")};
    const auto points = json.at("points").get<std::vector<double>>(),
               targets = json.at("targets").get<std::vector<double>>();
    const int64_t n_columns = std::ssize(read.columns), n_rows = std::ssize(targets) / std::max<int64_t>(n_targets, 1);
    const bool fits = n_columns > 0 && n_rows > 0 && std::ssize(read.scales) == n_columns &&
                      std::ssize(points) == n_columns * n_rows && std::ssize(targets) == n_rows * n_targets;
    const bool counts = !read.counts.empty() && read.counts.front() >= 1 && read.counts.back() <= n_rows &&
                        std::ranges::adjacent_find(read.counts, std::greater_equal()) == read.counts.end();
    const bool scales = std::ranges::all_of(read.scales, [](double scale) { return scale > 0; });
    require(fits && counts && scales, "its neighbours' rows, columns and counts do not fit one another");
    read.points = at::tensor(points, at::kDouble).reshape({n_columns, n_rows});
    read.targets = at::tensor(targets, at::kDouble).reshape({n_rows, n_targets});
    return read;
}

using NameSet = std::set<std::string_view>;

/// Throws Error where two of `columns` have the same name.
template <class Columns>
NameSet distinct_names(const Columns& columns) {
    NameSet names;
    for (const auto& column : columns) {
        require(names.insert(column.name).second, "it has two columns '", column.name, "'");
    }
    return names;
}

/// The names of the numbers that rows have. Throws Error for a derived number that is not there, or is made of what rows
/// do not have.
NameSet check_numbers(const TabularEncoder& data) {
    NameSet own;
    bool fits = data.n_derived() <= std::ssize(data.numbers);
    if (fits) {
        own = distinct_names(data.own_numbers());
        size_t place = data.own_numbers().size();
        for (const DerivedNumber& derived : derived_numbers(data)) {
            fits = fits && data.numbers[place++].name == derived.name &&
                   std::ranges::all_of(derived.sources, [&](const auto& source) { return own.contains(source); });
        }
    }
    require(fits, "its columns of numbers are not those that are derived from others, or lack these");
    return own;
}

/// Throws Error for what could not have been fitted.
void check_encoder(const TabularEncoder& data) {
    const NameSet numbers = check_numbers(data);
    distinct_names(data.categories);
    distinct_names(data.targets);
    for (const auto& category : data.categories) {
        require(category.missing_in.empty() || numbers.contains(category.missing_in), "its column '", category.name,
                "' says what is missing in '", category.missing_in, "', which is not a column of numbers");
    }
    for (const auto& number : data.numbers) {
        const NumberScaler& scaler = number.scaler;
        require(scaler.scale() > 0 && std::ranges::is_sorted(scaler.quantiles()), "its column '", number.name,
                "' is scaled by numbers that no column has");
    }
    require(!data.targets.empty(), "it has no targets");
}

}  // namespace

Json to_json(const TabularEncoder& data) {
    Json categories = Json::array(), numbers = Json::array(), targets = Json::array();
    for (const auto& column : data.categories) {
        categories.push_back({{"name", column.name},
                              {"categories", column.vocabulary.names()},
                              {"spelling", to_string(column.vocabulary.spelling())},
                              {"missing_in", column.missing_in}});
    }
    for (const auto& column : data.numbers) {
        numbers.push_back({{"name", column.name}, {"fill", column.fill}, {"scaler", to_json(column.scaler)}});
    }
    for (const auto& target : data.targets) targets.push_back(to_json(target));
    Json dates = Json::array(), texts = Json::array();
    for (const auto& date : data.dates) dates.push_back(to_json(date));
    for (const auto& text : data.texts) {
        texts.push_back({{"name", text.name}, {"tokens", text.vocabulary.tokens()}, {"max_len", text.max_len}});
    }
    Json json = {
        {"categories", categories}, {"numbers", numbers}, {"dates", dates}, {"texts", texts}, {"targets", targets}};
    for (const auto& [x, y] : data.rotated) json["rotated"].push_back({x, y});
    if (data.neighbours) json["neighbours"] = to_json(*data.neighbours);
    return json;
}

TabularEncoder tabular_encoder_from_json(const Json& json) {
    TabularEncoder data;
    for (const Json& column : json.at("categories")) {
        data.categories.push_back({.name = column.at("name"),
                                   .vocabulary = vocabulary_from(column, "categories"),
                                   .missing_in = column.at("missing_in")});
    }
    for (const Json& column : json.at("numbers")) {
        data.numbers.push_back(
            {.name = column.at("name"), .fill = column.at("fill"), .scaler = scaler_from(column.at("scaler"))});
    }
    for (const Json& date : json.at("dates")) data.dates.push_back(date_from(date));
    for (const Json& text : json.at("texts")) {
        data.texts.push_back(
            {.name = text.at("name"),
             .vocabulary = TextVocabulary::from_tokens(text.at("tokens").get<std::vector<std::string>>()),
             .max_len = integer_in(text, "max_len", 1, kLongestText)});
    }
    for (const Json& target : json.at("targets")) {
        data.targets.push_back({.name = target.at("name"),
                                .classes = vocabulary_from(target, "classes"),
                                .label_delim = target.value("label_delim", ""),
                                .thresholds = target.value("thresholds", std::vector<float>()),
                                .log = target.at("log"),
                                .mean = target.at("mean"),
                                .scale = target.at("scale")});
        const TargetColumn& read = data.targets.back();
        require(read.thresholds.empty() || static_cast<int64_t>(read.thresholds.size()) == read.width(), "The target '",
                read.name, "' has ", read.thresholds.size(), " thresholds for ", read.width(), " labels");
    }
    for (const Json& pair : json.value("rotated", Json::array())) data.rotated.push_back({pair.at(0), pair.at(1)});
    if (const auto neighbours = json.find("neighbours"); neighbours != json.end()) {
        int64_t n_targets = 0;
        for (const TargetColumn& target : data.targets) n_targets += target.width();
        data.neighbours = neighbours_from(*neighbours, n_targets);
    }
    check_encoder(data);
    return data;
}

}  // namespace embark
