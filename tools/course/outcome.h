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

/// A number with enough digits to tell figures apart, at most `digits` decimals; empty for NaN.
std::string number_text(double value, int digits = 6);

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
    /// Of the first seed.
    std::vector<Plot> plots = {};
};

/// A check with its figures over all seeds, and how it came out.
struct Judgement {
    Check check;  // with means
    Figure value;
    /// as_notes is a claim that holds about a figure of the notes.
    enum class Kind { as_notes, holds, better, differs } kind = Kind::holds;
    /// "final valid loss: 0.8296 beside 0.8295 (the notes)"; of what is better or differs also by how much.
    std::string text() const;
};

/// "as the notes say", "holds", "better" or "differs".
const char* word_of(Judgement::Kind kind);

/// What is to be said of an experiment.
struct Verdict {
    /// The word of its headline, or "no data", "broken", "not judged" for a small slice.
    std::string word;
    /// The claim that decides, the claims that hold where the notes have no figure, or what went wrong; may be empty.
    std::string reason;

    std::string text() const { return reason.empty() ? word : word + ": " + reason; }
};

/// What an experiment gave over all seeds.
struct Outcome {
    const Experiment* experiment = nullptr;
    uint64_t seed = 0;
    int64_t seeds = 0;
    double seconds = 0;
    /// Of a small slice, whose figures mean nothing.
    bool quick = false;
    /// Why it could not be run to its end; empty where it could.
    std::string error = {};
    /// Whether that is a data set that is not there.
    bool lacks_data = false;
    std::vector<FigureGrid> grids = {};
    std::vector<Judgement> judgements = {};
    /// Of the first seed.
    std::vector<Step> steps = {};
    std::vector<Plot> plots = {};

    Verdict verdict() const;
    /// The judgement whose figures say how it came out: what differs, else what is better, else of a figure of the
    /// notes, else the first. Null without judgements.
    const Judgement* headline() const;
};

/// Brings the results of several seeds together. Throws Error where they don't have the same tables and checks.
Outcome outcome_of(const Experiment& experiment, const std::vector<Result>& results);

}  // namespace embark::course
