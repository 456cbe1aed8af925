#include "plot.h"

#include <map>
#include <vector>

#include <nlohmann/json.hpp>

#include "error.h"
#include "file.h"
#include "vega_bundle.h"

namespace embark {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kHead = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>)html";

constexpr std::string_view kStyle = R"html(</title>
<style>
:root { color-scheme: light; }
body { margin: 0; padding: 16px; background: white; color: #222; font-family: system-ui, sans-serif; }
main { max-width: 1000px; margin: auto; overflow-x: auto; }
#plot, #plot.has-actions { width: 100%; padding: 0; }
</style>
</head>
<body>
<main><div id="plot">This plot is drawn by a script.</div></main>
)html";

/// Where the pages of a build without Vega find it: the versions that belong to Vega-Lite 6.
constexpr std::string_view kPublicVega = R"html(<script src="https://cdn.jsdelivr.net/npm/vega@6"></script>
<script src="https://cdn.jsdelivr.net/npm/vega-lite@6"></script>
<script src="https://cdn.jsdelivr.net/npm/vega-embed@7"></script>
)html";

/// A single view asks for the width of its container itself. Charts below one another cannot in Vega-Lite, so they are
/// drawn, measured and given the width that is left.
constexpr std::string_view kDraw = R"html(<script>
const specification = JSON.parse(document.getElementById("specification").textContent);
const container = document.getElementById("plot");
async function fit(view) {
  for (let i = 0; i < 3; ++i) {  // another width may bring other labels, which need another room
    const excess = container.querySelector("svg").getBoundingClientRect().width - container.clientWidth;
    if (Math.abs(excess) < 1) return;
    await view.width(Math.max(120, view.width() - excess)).runAsync();
  }
}
async function draw() {
  const actions = { export: true, source: false, compiled: false, editor: false };
  const { view } = await vegaEmbed(container, specification,
    { renderer: "svg", actions, downloadFileName: document.title });
  if (!specification.vconcat) return;
  await fit(view);
  window.addEventListener("resize", () => fit(view));
}
if (window.vegaEmbed) draw().catch(error => { container.textContent = "The plot cannot be drawn: " + error; });
else container.textContent = "Vega, which draws this plot, could not be loaded from cdn.jsdelivr.net.";
</script>
</body>
</html>
)html";

/// `text` with characters written in another way.
std::string escaped(std::string_view text, const std::map<char, std::string_view>& escapes) {
    std::string result;
    for (const char c : text) {
        const auto escape = escapes.find(c);
        if (escape == escapes.end()) {
            result += c;
        } else {
            result += escape->second;
        }
    }
    return result;
}

/// The specification's title: a text, several lines of it, or an object that holds either.
std::string title_of(const Json& specification) {
    Json title = specification.value("title", Json());
    if (title.is_object()) title = title.value("text", Json());
    if (title.is_array() && !title.empty()) title = title.front();
    return title.is_string() ? title.get<std::string>() : "Plot";
}

void write_page(const std::filesystem::path& path, const std::string& json) {
    const std::string title = escaped(title_of(Json::parse(json)), {{'&', "&amp;"}, {'<', "&lt;"}});
    // In JSON a "<" is always part of a text, where it may be written so that it ends no script element.
    const std::string data = escaped(json, {{'<', "\\u003c"}});
    std::vector<std::string_view> parts = {kHead, title, kStyle};
    if (kVegaBundle.empty()) {
        parts.push_back(kPublicVega);
    } else {
        parts.insert(parts.end(), {"<script>", kVegaBundle, "</script>\n"});
    }
    parts.insert(parts.end(), {"<script type=\"application/json\" id=\"specification\">", data, "</script>\n", kDraw});
    write_file_atomically(path, parts);
}

}  // namespace

Plot::Plot(std::string_view specification) {
    const Json parsed = Json::parse(specification, nullptr, /*allow_exceptions=*/false);
    require(parsed.is_object(), "A plot needs a Vega-Lite specification, which is a JSON object");
    json_ = parsed.dump();
}

void Plot::save(const std::filesystem::path& path) const {
    if (path.extension() == ".json") return write_file_atomically(path, {json_, "\n"});
    if (path.extension() == ".html") return write_page(path, json_);
    fail<UsageError>("Cannot save a plot as ", path.string(), ": the name must end in .html or .json");
}

}  // namespace embark
