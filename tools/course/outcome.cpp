#include "outcome.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <embark/core/error.h>
#include <embark/core/text.h>

namespace embark::course {

namespace {

bool can_be_better(const Check& check) {
    return check.relation == Relation::as_low || check.relation == Relation::as_high;
}

bool is_equality(const Check& check) {
    return check.relation == Relation::at_most && check.other == 0;
}

bool is_near(const Check& check) {
    const double apart = std::abs(check.value - check.other);
    if (check.relation == Relation::factor)
        return std::abs(std::log(check.value / check.other)) <= std::log(check.tolerance);
    return can_be_better(check) && apart <= check.tolerance;
}

/// How far `value` is on the wrong side of what is asked for; below 0 where it is on the right one.
double excess(const Check& check) {
    switch (check.relation) {
        case Relation::as_low:
        case Relation::at_most:
            return check.value - check.other - check.tolerance;
        case Relation::as_high:
            return check.other - check.value - check.tolerance;
        case Relation::below:
            return check.value < check.other ? -1 : check.value - check.other + 1e-12;
        case Relation::above:
            return check.value > check.other ? -1 : check.other - check.value + 1e-12;
        case Relation::factor:
            return std::abs(std::log(check.value / check.other)) - std::log(check.tolerance);
    }
    return 0;
}

Judgement judge(Check check, const std::vector<double>& values, const std::vector<double>& others) {
    using enum Judgement::Kind;
    Figure value = figure_of(values);
    if (check.relation == Relation::factor) {  // learning rates lie on a logarithmic axis, and so does their mean
        std::vector<double> logarithms;
        for (const double x : values) logarithms.push_back(std::log(x));
        value.mean = std::exp(figure_of(logarithms).mean);
    }
    check.value = value.mean;
    check.other = figure_of(others).mean;
    if (!(excess(check) <= 0)) return {check, value, differs};  // so that NaN differs
    if (can_be_better(check) && !is_near(check)) return {check, value, better};
    return {check, value, check.whose.starts_with("the notes") ? as_notes : holds};
}

FigureGrid grid_of(const std::vector<Result>& results, size_t g) {
    const Grid& first = results.front().grids[g];
    FigureGrid grid{first.title, first.corner, first.rows, {}, first.plots};
    for (size_t c = 0; c < first.columns.size(); ++c) {
        FigureColumn column{first.columns[c].name, {}, first.columns[c].notes};
        for (size_t row = 0; row < first.rows.size(); ++row) {
            std::vector<double> values;
            for (const Result& result : results) {
                const Grid& other = result.grids.at(g);
                require(other.rows.size() == first.rows.size() && other.columns.size() == first.columns.size(),
                        "The table '", first.title, "' has another size with another seed");
                values.push_back(other.columns[c].values.at(row));
            }
            column.ours.push_back(figure_of(values));
        }
        grid.columns.push_back(std::move(column));
    }
    return grid;
}

/// The claims that hold, in words; equalities together.
std::string claims(const std::vector<Judgement>& judgements) {
    std::vector<std::string> equal, others;
    for (const Judgement& judgement : judgements) {
        (is_equality(judgement.check) ? equal : others).push_back(judgement.check.what);
    }
    if (!equal.empty()) others.insert(others.begin(), "equal are " + join(equal, ", "));
    return join(others, "; ");
}

}  // namespace

std::string number_text(double value, int digits) {
    if (std::isnan(value)) return "";
    if (value == std::round(value) && std::abs(value) < 1e9) return format_number(value, 0);
    if (std::abs(value) >= 1e-3) return format_number(value, std::abs(value) < 100 ? digits : 1);
    char text[32];
    std::snprintf(text, sizeof text, "%.3e", value);
    return text;
}

Figure figure_of(const std::vector<double>& values) {
    const auto n = static_cast<double>(values.size());
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    for (const double value : values) squares += (value - sum / n) * (value - sum / n);
    return {sum / n, values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0};
}

std::string Judgement::text() const {
    if (is_equality(check) && kind != Kind::differs) return check.what + ": equal";
    // Figures that differ are written with digits enough to see it.
    int digits = 4;
    if (check.value != check.other && number_text(check.value, 4) == number_text(check.other, 4)) digits = 6;
    const auto number = [&](double x) { return std::isnan(x) ? "not a number" : number_text(x, digits); };
    const std::string ours = number(check.value), other = number(check.other);
    const std::string spread = value.deviation > 0 ? " ± " + number(value.deviation) : "";
    if (ours == other) return concat(check.what, ": ", ours, spread, " (", check.whose, " too)");
    const char* stands = is_near(check) ? " beside " : check.value < check.other ? " below " : " above ";
    const bool says_how_far = kind == Kind::better || kind == Kind::differs;
    return concat(check.what, ": ", ours, spread, stands, other, " (", check.whose, ")",
                  says_how_far ? ", by " + number(std::abs(check.value - check.other)) : "");
}

const char* word_of(Judgement::Kind kind) {
    switch (kind) {
        case Judgement::Kind::as_notes:
            return "as the notes say";
        case Judgement::Kind::holds:
            return "holds";
        case Judgement::Kind::better:
            return "better";
        case Judgement::Kind::differs:
            return "differs";
    }
    return "";
}

const Judgement* Outcome::headline() const {
    using enum Judgement::Kind;
    for (const auto kind : {differs, better, as_notes, holds}) {
        for (const Judgement& judgement : judgements) {
            if (judgement.kind == kind) return &judgement;
        }
    }
    return nullptr;
}

Verdict Outcome::verdict() const {
    if (lacks_data) return {"no data", error};
    if (!error.empty()) return {"broken", error};
    if (quick) return {"not judged", "a small slice, whose figures mean nothing"};
    const Judgement* deciding = headline();
    if (!deciding) return {word_of(Judgement::Kind::holds), ""};
    const std::string word = word_of(deciding->kind);
    if (deciding->kind == Judgement::Kind::as_notes) return {word, ""};
    return {word, deciding->kind == Judgement::Kind::holds ? claims(judgements) : deciding->text()};
}

Outcome outcome_of(const Experiment& experiment, const std::vector<Result>& results) {
    const Result& first = results.front();
    Outcome outcome{.experiment = &experiment, .seeds = static_cast<int64_t>(results.size())};
    for (const Result& result : results) {
        require(result.grids.size() == first.grids.size() && result.checks.size() == first.checks.size(), "Experiment ",
                experiment.name, " gave other tables or checks with another seed");
    }
    for (size_t g = 0; g < first.grids.size(); ++g) outcome.grids.push_back(grid_of(results, g));
    for (size_t c = 0; c < first.checks.size(); ++c) {
        std::vector<double> values, others;
        for (const Result& result : results) {
            values.push_back(result.checks[c].value);
            others.push_back(result.checks[c].other);
        }
        outcome.judgements.push_back(judge(first.checks[c], values, others));
    }
    outcome.steps = first.steps;
    outcome.plots = first.plots;
    return outcome;
}

}  // namespace embark::course
