#include "page.h"

#include <algorithm>
#include <map>
#include <vector>

#include "../core/error.h"
#include "../core/file.h"
#include "../core/text.h"
#include "detail/vega_bundle.h"

namespace embark {

namespace {

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
main { max-width: 1000px; margin: auto; }
.plot { overflow-x: auto; min-height: 120px; }
.plot, .plot.has-actions { width: 100%; padding: 0; }
.table { overflow-x: auto; margin: .4rem 0 .8rem; background:
  linear-gradient(to right, white 40%, #fff0) 0 0 / 48px 100%, linear-gradient(to left, white 40%, #fff0) 100% 0 / 48px 100%,
  linear-gradient(to right, #0004, #0000) 0 0 / 14px 100%, linear-gradient(to left, #0004, #0000) 100% 0 / 14px 100%;
  background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
.table table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
.table th, .table td { padding: .2rem .8rem .2rem 0; text-align: left; white-space: nowrap; border-bottom: 1px solid #eee;
  vertical-align: top; }
.table .number { text-align: right; }
</style>
</head>
<body>
<main>
)html";

/// Where the pages of a build without Vega find it: the versions that belong to Vega-Lite 6.
constexpr std::string_view kPublicVega = R"html(<script src="https://cdn.jsdelivr.net/npm/vega@6"></script>
<script src="https://cdn.jsdelivr.net/npm/vega-lite@6"></script>
<script src="https://cdn.jsdelivr.net/npm/vega-embed@7"></script>
)html";

/// A single view asks for the width of its container itself. Charts below one another cannot in Vega-Lite, so they are
/// drawn, measured and given the width that is left.
constexpr std::string_view kDraw = R"html(<script>
async function fit(container, view) {
  for (let i = 0; i < 3; ++i) {  // another width may bring other labels, which need another room
    const excess = container.querySelector("svg").getBoundingClientRect().width - container.clientWidth;
    if (Math.abs(excess) < 1) return;
    await view.width(Math.max(120, view.width() - excess)).runAsync();
  }
}
async function draw(container) {
  const specification = JSON.parse(container.nextElementSibling.textContent);
  const actions = { export: true, source: false, compiled: false, editor: false };
  const { view } = await vegaEmbed(container, specification,
    { renderer: "svg", actions, downloadFileName: document.title });
  if (!specification.vconcat) return;
  await fit(container, view);
  window.addEventListener("resize", () => fit(container, view));
}
// One after the other, so that the first ones are soon there.
async function draw_all() {
  for (const container of document.querySelectorAll(".plot")) {
    if (window.vegaEmbed) await draw(container).catch(error => { container.textContent = "The plot cannot be drawn: " + error; });
    else container.textContent = "Vega, which draws this plot, could not be loaded from cdn.jsdelivr.net.";
  }
}
draw_all();
</script>
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

/// Whether a cell is a number, as "0.5" and "0.51 ± 0.02" are.
bool is_number(const std::string& cell) {
    return parse_double(cell.substr(0, cell.find(" ±"))).has_value();
}

std::string cell(const char* tag, const std::string& text, bool number) {
    return concat("<", tag, number ? " class=\"number\">" : ">", html_escape(text), "</", tag, ">");
}

}  // namespace

Page::Page(std::string title) : title_(std::move(title)) {}

void Page::add_html(std::string_view html) {
    body_ += html;
}

void Page::add(const Plot& plot) {
    has_plots_ = true;
    // In JSON a "<" is always part of a text, where it may be written so that it ends no script element.
    const std::string data = escaped(plot.json(), {{'<', "\\u003c"}});
    body_ += "<div class=\"plot\">This plot is drawn by a script.</div>\n";
    body_ += "<script type=\"application/json\">" + data + "</script>\n";
}

void Page::add_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
    body_ += "<div class=\"table\" tabindex=\"0\"><table>\n<tr>";
    for (size_t column = 0; column < header.size(); ++column) {
        // A header stands as what is below it.
        const bool of_numbers = std::any_of(
            rows.begin(), rows.end(), [&](const auto& row) { return column < row.size() && is_number(row[column]); });
        body_ += cell("th", header[column], of_numbers);
    }
    body_ += "</tr>\n";
    for (const auto& row : rows) {
        require(row.size() == header.size(), "A row of ", row.size(), " cells is in a table of ", header.size(),
                " columns");
        body_ += "<tr>";
        for (const std::string& text : row) body_ += cell("td", text, is_number(text));
        body_ += "</tr>\n";
    }
    body_ += "</table></div>\n";
}

void Page::save(const std::filesystem::path& path) const {
    const std::string title = html_escape(title_);
    std::vector<std::string_view> parts = {kHead, title, kStyle, body_, "</main>\n"};
    if (has_plots_) {
        if (kVegaBundle.empty()) {
            parts.push_back(kPublicVega);
        } else {
            parts.insert(parts.end(), {"<script>", kVegaBundle, "</script>\n"});
        }
        parts.push_back(kDraw);
    }
    parts.push_back("</body>\n</html>\n");
    write_file_atomically(path, parts);
}

std::string html_escape(std::string_view text) {
    return escaped(text, {{'&', "&amp;"}, {'<', "&lt;"}, {'"', "&quot;"}});
}

}  // namespace embark
