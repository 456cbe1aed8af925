#include "report.h"

#include <algorithm>
#include <system_error>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>
#include <embark/plots/page.h>

#include "registry.h"
#include "show.h"
#include "sources.h"

namespace embark::course {

namespace {

namespace fs = std::filesystem;

/// Code of more lines is folded.
constexpr std::ptrdiff_t kOpenLines = 60;

constexpr std::string_view kStyle = R"html(<style>
body { line-height: 1.5; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; } h3 { font-size: 1.1rem; margin: 0 0 .3rem; }
h4 { font-size: .95rem; margin: 1.2rem 0 .2rem; }
h3 small { color: #555; font-weight: 400; font-size: .85rem; }
section { border-top: 1px solid #ddd; padding: 1.2rem 0; }
.table .contents td { white-space: normal; min-width: 9rem; }
.table .contents td:nth-child(2) { min-width: 0; }
.table .group th { padding-top: .8rem; font-size: .9rem; }
pre { overflow-x: auto; background: #f6f6f4; padding: .6rem; font-size: .8rem; line-height: 1.35; margin: .3rem 0; }
.settings { color: #555; font-size: .88rem; overflow-wrap: anywhere; }
.notice { background: #fff6e0; border-left: 4px solid #e0a000; padding: .5rem .8rem; }
.badge { border-radius: 4px; padding: .1rem .45rem; font-size: .85rem; color: white; background: #2f7d46; white-space: nowrap; }
.badge.better { background: #2a5cbb; } .badge.differs { background: #b3541e; } .badge.broken { background: #a11; }
.badge.no-data, .badge.not-judged { background: #757575; }
details summary { cursor: pointer; color: #2a5cbb; }
</style>
)html";

constexpr std::string_view kIntroduction = R"html(<h1>The course, rerun with Embark</h1>
<p>Every experiment of the course's notes with its own settings: what the notes teach, the code, our figures and beside them
the notes'. Verdicts are computed from claims about the figures: <b>as the notes say</b> (a loss within 0.02),
<b>better</b> than that, <b>differs</b>, or <b>holds</b> where the notes have no figure.</p>
)html";

std::string badge(const std::string& word) {
    std::string name = word;
    std::replace(name.begin(), name.end(), ' ', '-');
    return concat("<span class=\"badge ", name, "\">", word, "</span>");
}

std::string paragraph(const std::string& head, const std::string& text) {
    return concat("<p><b>", head, "</b> ", html_escape(text), "</p>\n");
}

void add(Page& page, const FigureGrid& grid) {
    page.add_html(concat("<h4>", html_escape(grid.title), "</h4>\n"));
    const auto cells = cells_of(grid);
    page.add_table(cells.front(), {cells.begin() + 1, cells.end()});
    for (const Plot& plot : grid.plots) page.add(plot);
}

std::string contents_row(const Outcome& outcome) {
    const Experiment& experiment = *outcome.experiment;
    const Judgement* headline = outcome.headline();
    const std::string figures = headline && outcome.error.empty() ? headline->text() : "";
    return concat("<tr><td><a href=\"#", experiment.name, "\">", experiment.name, "</a><br>",
                  html_escape(experiment.title), "</td><td>", badge(outcome.verdict().word), "</td><td>",
                  html_escape(figures), "</td></tr>\n");
}

/// The experiments of a chapter that have ended.
std::vector<const Outcome*> of_group(const ExperimentGroup& group, const std::vector<Outcome>& outcomes) {
    std::vector<const Outcome*> found;
    for (const Outcome& outcome : outcomes) {
        const auto& members = group.experiments;
        if (std::find(members.begin(), members.end(), outcome.experiment) != members.end()) found.push_back(&outcome);
    }
    return found;
}

void add_contents(Page& page, const std::vector<Outcome>& outcomes) {
    page.add_html(
        "<div class=\"table\" tabindex=\"0\"><table class=\"contents\">\n"
        "<tr><th>experiment</th><th>verdict</th><th>final figures</th></tr>\n");
    for (const ExperimentGroup& group : experiment_groups()) {
        const auto members = of_group(group, outcomes);
        if (members.empty()) continue;
        page.add_html(concat("<tr class=\"group\"><th colspan=\"3\">", html_escape(group.title), "</th></tr>\n"));
        for (const Outcome* outcome : members) page.add_html(contents_row(*outcome));
    }
    double seconds = 0;
    for (const Outcome& outcome : outcomes) seconds += outcome.seconds;
    page.add_html(concat("</table></div>\n<p>", outcomes.size(),
                         outcomes.size() == 1 ? " experiment in " : " experiments in ", format_number(seconds, 0),
                         " s.</p>\n"));
}

void add_steps(Page& page, const Outcome& outcome) {
    for (const Step& step : outcome.steps) {
        page.add_html(concat("<h4>", html_escape(step.title), "</h4>\n<pre>", html_escape(step.text), "</pre>\n"));
    }
}

void add_checks(Page& page, const Outcome& outcome) {
    if (outcome.judgements.empty() || outcome.quick) return;
    page.add_html("<details><summary>What the verdict is computed from</summary><ul>\n");
    for (const Judgement& judgement : outcome.judgements) {
        page.add_html(concat("<li>", html_escape(judgement.text()), ": ", word_of(judgement.kind), "</li>\n"));
    }
    page.add_html("</ul></details>\n");
}

/// A file's code, without the description of the experiment at its end, which the page has in words.
void add_code(Page& page, const std::string& file) {
    std::string_view code = source_text(file);
    code = code.substr(0, code.find("const Experiment k"));
    while (code.ends_with('\n')) code.remove_suffix(1);
    const bool open = std::count(code.begin(), code.end(), '\n') < kOpenLines;
    page.add_html(concat("<details", open ? " open" : "", "><summary>Code: tools/course/", file, "</summary>\n<pre>",
                         html_escape(code), "</pre></details>\n"));
}

std::string settings(const Outcome& outcome) {
    std::string text = concat(html_escape(outcome.experiment->settings), "; seed ", outcome.seed);
    if (outcome.seeds > 1) {
        text += concat(" to ", outcome.seed + static_cast<uint64_t>(outcome.seeds) - 1,
                       ", mean ± deviation; working and plots are those of the first");
    }
    return concat("<p class=\"settings\">", text, "; ", format_number(outcome.seconds, 1), " s</p>\n");
}

void add(Page& page, const Outcome& outcome) {
    const Experiment& experiment = *outcome.experiment;
    const Verdict verdict = outcome.verdict();
    page.add_html(concat("<section id=\"", experiment.name, "\">\n<h3>", html_escape(experiment.title), " <small>",
                         experiment.name, "</small></h3>\n<p>", badge(verdict.word), " ", html_escape(verdict.reason),
                         "</p>\n", paragraph("The notes.", experiment.notes), settings(outcome)));
    for (const std::string& file : experiment.sources()) add_code(page, file);
    for (const FigureGrid& grid : outcome.grids) add(page, grid);
    for (const Plot& plot : outcome.plots) page.add(plot);
    add_steps(page, outcome);
    add_checks(page, outcome);
    const bool held = outcome.error.empty() && !outcome.quick && verdict.word != word_of(Judgement::Kind::differs);
    page.add_html(
        paragraph(held ? "What to conclude." : "What to conclude where every claim holds.", experiment.conclusion));
    page.add_html(paragraph("What to try.", experiment.to_try) + "</section>\n");
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

void write_report(const fs::path& folder, const std::vector<Outcome>& outcomes, size_t asked_for) {
    Page page("The course, rerun with Embark");
    page.add_html(kStyle);
    page.add_html(kIntroduction);
    if (outcomes.size() < asked_for) {
        page.add_html(concat("<p class=\"notice\">", outcomes.size(), " of ", asked_for,
                             " experiments have ended. The run is still going on, or was stopped.</p>\n"));
    }
    if (std::any_of(outcomes.begin(), outcomes.end(), [](const Outcome& outcome) { return outcome.quick; })) {
        page.add_html(
            "<p class=\"notice\">This is a run of a small slice (<code>--quick</code>): it shows that everything runs. "
            "Its "
            "figures mean nothing, and there are no verdicts.</p>\n");
    }
    add_contents(page, outcomes);
    for (const ExperimentGroup& group : experiment_groups()) {
        const auto members = of_group(group, outcomes);
        if (members.empty()) continue;
        page.add_html(concat("<h2>", html_escape(group.title), "</h2>\n"));
        for (const Outcome* outcome : members) add(page, *outcome);
    }
    page.add_html("<section>\n<h3>How the experiments read their data</h3>\n");
    add_code(page, "data.cpp");
    page.add_html("</section>\n");
    page.save(page_of(folder));
}

}  // namespace embark::course
