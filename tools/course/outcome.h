#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiment.h"

namespace embark::course {

/// Mean and deviation over the seeds.
struct Figure {
    double mean = 0;
    double deviation = 0;  // 0 of one seed
};
Figure figure_of(const std::vector<double>& values);

/// A column of a Grid over all seeds.
struct FigureColumn {
    std::string name;
    std::vector<Figure> ours;
    std::vector<double> notes;
    /// What another library gave, where it was run.
    std::vector<double> peer = {};
};
struct FigureGrid {
    std::string title, corner;
    std::vector<std::string> rows;
    std::vector<FigureColumn> columns;
};

/// A check with its figures over all seeds, and how it came out.
struct Judgement {
    Check check;  // with means
    Figure value;
    enum class Verdict { reproduced, better, differs } verdict = Verdict::reproduced;
    /// By how much it differs, or is better.
    double by = 0;
    /// "0.8296 against 0.8295 of the notes"
    std::string text() const;
};

/// What an experiment gave over all seeds.
struct Outcome {
    const Experiment* experiment = nullptr;
    uint64_t seed = 0;
    int64_t seeds = 0;
    double seconds = 0;
    /// Why it could not be run to its end; empty where it could.
    std::string error = {};
    std::vector<FigureGrid> grids = {};
    std::vector<Judgement> judgements = {};
    /// Of the first seed.
    std::vector<Step> steps = {};
    std::vector<Plot> plots = {};

    /// "reproduced", "better by 0.0123", "differs by 0.05: …", "broken: …".
    std::string verdict() const;
};

/// Brings the results of several seeds together. Throws Error where they don't have the same tables and checks.
Outcome outcome_of(const Experiment& experiment, const std::vector<Result>& results);

}  // namespace embark::course
