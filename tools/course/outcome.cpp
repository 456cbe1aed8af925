#include "outcome.h"

#include <algorithm>
#include <cmath>

#include <embark/core/error.h>
#include <embark/core/text.h>

namespace embark::course {

namespace {

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
    using enum Judgement::Verdict;
    Figure value = figure_of(values);
    if (check.relation == Relation::factor) {  // learning rates lie on a logarithmic axis, and so does their mean
        std::vector<double> logarithms;
        for (const double x : values) logarithms.push_back(std::log(x));
        value.mean = std::exp(figure_of(logarithms).mean);
    }
    check.value = value.mean;
    check.other = figure_of(others).mean;
    Judgement judgement{check, value, reproduced, std::abs(check.value - check.other)};
    const bool can_be_better = check.relation == Relation::as_low || check.relation == Relation::as_high;
    if (!(excess(check) <= 0)) {  // so that NaN differs
        judgement.verdict = differs;
    } else if (can_be_better && std::abs(check.value - check.other) > check.tolerance) {
        judgement.verdict = better;
    }
    return judgement;
}

FigureGrid grid_of(const std::vector<Result>& results, size_t g) {
    const Grid& first = results.front().grids[g];
    FigureGrid grid{first.title, first.corner, first.rows, {}};
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

}  // namespace

Figure figure_of(const std::vector<double>& values) {
    const auto n = static_cast<double>(values.size());
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    for (const double value : values) squares += (value - sum / n) * (value - sum / n);
    return {sum / n, values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0};
}

std::string Judgement::text() const {
    // Differences as small as rounding need another form than losses.
    const auto number = [](double x) {
        return x == 0 || (std::abs(x) >= 1e-3 && std::abs(x) < 1e6) ? format_number(x, 4) : concat(x);
    };
    if (check.relation == Relation::at_most && check.other == 0) {
        return concat(check.what, ": the largest difference is ", number(check.value), ", at most ", check.tolerance);
    }
    return concat(check.what, ": ", number(check.value),
                  value.deviation > 0 ? " ± " + number(value.deviation) : std::string(), " against ",
                  number(check.other), " (", check.whose, ")");
}

std::string Outcome::verdict() const {
    using enum Judgement::Verdict;
    if (!error.empty()) return "broken: " + error;
    const Judgement* worst = nullptr;
    const Judgement* best = nullptr;
    for (const Judgement& judgement : judgements) {
        if (judgement.verdict == differs && !worst) worst = &judgement;
        if (judgement.verdict == better && (!best || judgement.by > best->by)) best = &judgement;
    }
    if (worst) return concat("differs by ", format_number(worst->by, 4), ": ", worst->text());
    if (best) return concat("better by ", format_number(best->by, 4), ": ", best->text());
    return "reproduced";
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
