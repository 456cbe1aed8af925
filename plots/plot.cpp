#include "plot.h"

#include <nlohmann/json.hpp>

#include "../core/error.h"
#include "../core/file.h"
#include "page.h"

namespace embark {

namespace {

using Json = nlohmann::json;

/// The specification's title: a text, several lines of it, or an object that holds either.
std::string title_of(const Json& specification) {
    Json title = specification.value("title", Json());
    if (title.is_object()) title = title.value("text", Json());
    if (title.is_array() && !title.empty()) title = title.front();
    return title.is_string() ? title.get<std::string>() : "Plot";
}

}  // namespace

Plot::Plot(std::string_view specification) {
    const Json parsed = Json::parse(specification, nullptr, /*allow_exceptions=*/false);
    require(parsed.is_object(), "A plot needs a Vega-Lite specification, which is a JSON object");
    json_ = parsed.dump();
}

void Plot::save(const std::filesystem::path& path) const {
    if (path.extension() == ".json") return write_file_atomically(path, {json_, "\n"});
    if (path.extension() == ".html") {
        Page page(title_of(Json::parse(json_)));
        page.add(*this);
        return page.save(path);
    }
    fail<UsageError>("Cannot save a plot as ", path.string(), ": the name must end in .html or .json");
}

}  // namespace embark
