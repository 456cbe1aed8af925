#include "show.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include <embark/core/error.h>
#include <embark/core/text.h>

namespace embark::course {

namespace {

using Json = nlohmann::json;

std::string figure_text(const Figure& figure) {
    if (figure.deviation == 0) return number_text(figure.mean);
    return number_text(figure.mean) + " ± " + number_text(figure.deviation);
}

double at_or_nan(const std::vector<double>& values, size_t i) {
    return i < values.size() ? values[i] : NAN;
}

Json number_json(double value) {
    return std::isfinite(value) ? Json(value) : Json();
}

Json to_json(const FigureGrid& grid) {
    Json columns = Json::array();
    for (const FigureColumn& column : grid.columns) {
        Json values = Json::array();
        for (size_t row = 0; row < grid.rows.size(); ++row) {
            Json value = {{"mean", number_json(column.ours[row].mean)}, {"deviation", column.ours[row].deviation}};
            if (!column.notes.empty()) value["notes"] = number_json(at_or_nan(column.notes, row));
            if (!column.peer.empty()) value["fastai"] = number_json(at_or_nan(column.peer, row));
            values.push_back(std::move(value));
        }
        columns.push_back({{"name", column.name}, {"values", values}});
    }
    return {{"title", grid.title}, {"rows", grid.rows}, {"columns", columns}};
}

void show(std::ostream& out, const FigureGrid& grid) {
    const auto cells = cells_of(grid);
    std::vector<int64_t> widths(cells.front().size(), 0);
    for (const auto& row : cells) {
        for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
    }
    out << "\n" << grid.title << "\n";
    for (const auto& row : cells) {
        std::string line;
        for (size_t c = 0; c < row.size(); ++c) line += "  " + fit_width(row[c], widths[c], /*right=*/c > 0);
        out << line << "\n";
    }
}

}  // namespace

std::vector<std::vector<std::string>> cells_of(const FigureGrid& grid) {
    std::vector<std::vector<std::string>> cells(grid.rows.size() + 1);
    const auto add = [&](const std::string& header, const auto& cell_of_row) {
        cells[0].push_back(header);
        for (size_t row = 0; row < grid.rows.size(); ++row) cells[row + 1].push_back(cell_of_row(row));
    };
    add(grid.corner, [&](size_t row) { return grid.rows[row]; });
    for (const FigureColumn& column : grid.columns) {
        add(column.name, [&](size_t row) { return figure_text(column.ours[row]); });
        if (!column.notes.empty()) {
            add("notes", [&](size_t row) { return number_text(at_or_nan(column.notes, row)); });
            add("difference", [&](size_t row) {
                const double difference = column.ours[row].mean - at_or_nan(column.notes, row);
                return std::isnan(difference) ? "" : concat(difference > 0 ? "+" : "", number_text(difference));
            });
        }
        if (!column.peer.empty()) {
            add("fastai", [&](size_t row) { return number_text(at_or_nan(column.peer, row)); });
        }
    }
    return cells;
}

void show(std::ostream& out, const Outcome& outcome) {
    const Experiment& experiment = *outcome.experiment;
    out << "== " << experiment.name << ": " << experiment.title << "\n"
        << experiment.settings << "; seed " << outcome.seed;
    if (outcome.seeds > 1) out << " to " << outcome.seed + static_cast<uint64_t>(outcome.seeds) - 1;
    out << "; " << format_number(outcome.seconds, 1) << " s\n";
    for (const FigureGrid& grid : outcome.grids) show(out, grid);
    for (const Step& step : outcome.steps) {
        // What takes one line stands on one.
        const bool short_text = step.text.find('\n') == std::string::npos && step.text.size() < 80;
        out << "\n" << step.title << (short_text ? "  " : "\n") << step.text << (step.text.ends_with('\n') ? "" : "\n");
    }
    out << "\n";
    for (const Judgement& judgement : outcome.judgements) {
        out << "  " << fit_width(outcome.quick ? "" : word_of(judgement.kind), 18) << judgement.text() << "\n";
    }
    out << "verdict: " << outcome.verdict().text() << "\n\n";
}

void show_verdicts(std::ostream& out, const std::vector<Outcome>& outcomes) {
    double seconds = 0;
    for (const Outcome& outcome : outcomes) {
        out << fit_width(outcome.experiment->name, 26) << fit_width(format_number(outcome.seconds, 1), 7, true)
            << " s  " << outcome.verdict().text() << "\n";
        seconds += outcome.seconds;
    }
    out << outcomes.size() << " experiments in " << format_number(seconds, 1) << " s\n";
}

Json to_json(const Outcome& outcome) {
    const Experiment& experiment = *outcome.experiment;
    Json result = {{"name", experiment.name}, {"settings", experiment.settings}, {"seed", outcome.seed},
                   {"seeds", outcome.seeds},  {"seconds", outcome.seconds},      {"verdict", outcome.verdict().text()},
                   {"tables", Json::array()}, {"checks", Json::array()},         {"steps", Json::array()}};
    if (outcome.quick && outcome.error.empty()) result["verdict"] = nullptr;
    if (!outcome.error.empty()) result["error"] = outcome.error;
    for (const FigureGrid& grid : outcome.grids) result["tables"].push_back(to_json(grid));
    for (const Step& step : outcome.steps) result["steps"].push_back({{"title", step.title}, {"text", step.text}});
    for (const Judgement& judgement : outcome.judgements) {
        result["checks"].push_back({{"what", judgement.check.what},
                                    {"verdict", outcome.quick ? Json() : Json(word_of(judgement.kind))},
                                    {"value", number_json(judgement.check.value)},
                                    {"deviation", number_json(judgement.value.deviation)},
                                    {"other", number_json(judgement.check.other)},
                                    {"whose", judgement.check.whose}});
    }
    return result;
}

}  // namespace embark::course
