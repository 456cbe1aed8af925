#include "report.h"

#include <system_error>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>
#include <embark/plots/page.h>

#include "show.h"

namespace embark::course {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStyle = R"html(<style>
body { line-height: 1.5; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin: 0 0 .3rem; }
section { border-top: 1px solid #ddd; padding: 1.4rem 0; }
.table { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .15rem .6rem .15rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid #eee; }
th:first-child, td:first-child { text-align: left; }
.contents td:last-child, .contents th:last-child { white-space: normal; text-align: left; padding-right: 0; }
pre { overflow-x: auto; background: #f6f6f4; padding: .6rem; font-size: .8rem; line-height: 1.35; margin: .3rem 0; }
.settings, .source { color: #555; font-size: .88rem; overflow-wrap: anywhere; }
.badge { border-radius: 4px; padding: .1rem .45rem; font-size: .85rem; color: white; background: #2f7d46; }
.badge.better { background: #2a5cbb; } .badge.differs { background: #b3541e; } .badge.broken { background: #a11; }
details summary { cursor: pointer; color: #2a5cbb; }
</style>
)html";

/// The first word of a verdict, which the style knows, and the rest.
std::string badge_of(const std::string& verdict) {
    const std::string word = verdict.substr(0, verdict.find_first_of(" :"));
    return concat("<span class=\"badge ", word, "\">", word, "</span>", html_escape(verdict.substr(word.size())));
}

void add(Page& page, const FigureGrid& grid) {
    page.add_html(concat("<div class=\"table\"><table><caption>", html_escape(grid.title), "</caption>\n"));
    const auto cells = cells_of(grid);
    for (size_t row = 0; row < cells.size(); ++row) {
        const std::string tag = row == 0 ? "th" : "td";
        std::string line = "<tr>";
        for (const auto& cell : cells[row]) line += "<" + tag + ">" + html_escape(cell) + "</" + tag + ">";
        page.add_html(line + "</tr>\n");
    }
    page.add_html("</table></div>\n");
}

void add_contents(Page& page, const std::vector<Outcome>& outcomes) {
    double seconds = 0;
    page.add_html("<table class=\"contents\"><tr><th>experiment</th><th>seconds</th><th>verdict</th></tr>\n");
    for (const Outcome& outcome : outcomes) {
        const std::string name = html_escape(outcome.experiment->name), verdict = outcome.verdict();
        const std::string short_verdict = verdict.substr(0, verdict.find(':'));  // the section says what differs
        page.add_html(concat("<tr><td><a href=\"#", name, "\">", name, "</a></td><td>",
                             format_number(outcome.seconds, 1), "</td><td>", badge_of(short_verdict), "</td></tr>\n"));
        seconds += outcome.seconds;
    }
    page.add_html(concat("</table>\n<p>", outcomes.size(),
                         outcomes.size() == 1 ? " experiment in " : " experiments in ", format_number(seconds, 0),
                         " s.</p>\n"));
}

void add_steps(Page& page, const Outcome& outcome) {
    for (const Step& step : outcome.steps) {
        page.add_html(concat("<p>", html_escape(step.title), "</p>\n<pre>", html_escape(step.text), "</pre>\n"));
    }
}

void add_checks(Page& page, const Outcome& outcome) {
    if (outcome.judgements.empty()) return;
    page.add_html("<details><summary>What the verdict is computed from</summary><ul>\n");
    for (const Judgement& judgement : outcome.judgements) {
        page.add_html("<li>" + html_escape(judgement.text()) + "</li>\n");
    }
    page.add_html("</ul></details>\n");
}

void add(Page& page, const Outcome& outcome) {
    const Experiment& experiment = *outcome.experiment;
    page.add_html(concat("<section id=\"", html_escape(experiment.name), "\">\n<h2>", html_escape(experiment.name),
                         "</h2>\n<p><b>", html_escape(experiment.title), "</b></p>\n<p>", badge_of(outcome.verdict()),
                         "</p>\n<p>", html_escape(experiment.notes), "</p>\n<p class=\"settings\">",
                         html_escape(experiment.settings), "; seed ", outcome.seed));
    if (outcome.seeds > 1) {
        page.add_html(concat(" to ", outcome.seed + static_cast<uint64_t>(outcome.seeds) - 1,
                             ", mean ± deviation; working and plots are those of the first"));
    }
    page.add_html(concat("; ", format_number(outcome.seconds, 1), " s</p>\n"));
    for (const FigureGrid& grid : outcome.grids) add(page, grid);
    add_checks(page, outcome);
    for (const Plot& plot : outcome.plots) page.add(plot);
    add_steps(page, outcome);
    page.add_html(concat("<p class=\"source\">Code: ", experiment.source(), "</p>\n</section>\n"));
}

fs::path page_of(const fs::path& folder) {
    return folder / "index.html";
}

}  // namespace

void prepare_report(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    require(!error, "Cannot make the folder ", folder.string(), ": ", error.message());
    require_writable_path(page_of(folder));
}

void write_report(const fs::path& folder, const std::vector<Outcome>& outcomes) {
    Page page("The course, rerun with Embark");
    page.add_html(kStyle);
    page.add_html(
        "<h1>The course, rerun with Embark</h1>\n<p>Every experiment of the course notes with its own settings. Beside "
        "our "
        "figures stand the notes' and the difference. Verdicts are computed: <b>reproduced</b> is as the notes say, "
        "within "
        "0.02 where it is a loss; <b>better</b> is lower than that; <b>differs</b> says by how much.</p>\n");
    add_contents(page, outcomes);
    for (const Outcome& outcome : outcomes) add(page, outcome);
    page.save(page_of(folder));
}

}  // namespace embark::course
