#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include <embark/callbacks/reporting/records.h>
#include <embark/plots/plot.h>

namespace embark::course {

/// What one run of an experiment is given.
struct Lab {
    uint64_t seed = 42;
    /// Where data sets are looked for first.
    std::filesystem::path data_dir = {};
    /// A small slice: few rows and few epochs, only to see that it runs. Its figures mean nothing.
    bool quick = false;

    /// `n`, or `few` of a small slice.
    int64_t size(int64_t n, int64_t few) const { return quick && few < n ? few : n; }
    /// `n` epochs, one of a small slice.
    int64_t epochs(int64_t n) const { return size(n, 1); }
};

/// A column of numbers of a table, and beside each what the notes say; NaN where they say nothing.
struct Column {
    std::string name;
    std::vector<double> values = {};
    std::vector<double> notes = {};
};

/// A table of numbers, one row a name: epochs, strategies, models.
struct Grid {
    std::string title;
    std::string corner;
    std::vector<std::string> rows;
    std::vector<Column> columns = {};
    /// Of what the table is about, shown under its title.
    std::vector<Plot> plots = {};
};

/// Something that was worked out or listed, as text.
struct Step {
    std::string title;
    std::string text;
};

/// How a figure must stand to another one.
enum class Relation {
    as_low,   ///< within the tolerance, or below: below is better
    as_high,  ///< within the tolerance, or above: above is better
    below,    ///< lower
    above,    ///< higher
    at_most,  ///< not higher than by the tolerance
    factor,   ///< between a tolerance-th and tolerance times of it
};

/// A claim about two figures, from which the verdict is computed.
struct Check {
    /// The figure's name where the notes have it, else the claim in words.
    std::string what;
    Relation relation = Relation::as_low;
    double value = 0;
    double other = 0;
    /// Whose figure the other one is: "the notes", "the plain mean".
    std::string whose = "the notes";
    double tolerance = 0.02;
};

/// What one run found.
class Result {
public:
    std::vector<Grid> grids = {};
    std::vector<Step> steps = {};
    std::vector<Check> checks = {};
    std::vector<Plot> plots = {};

    void step(std::string title, std::string text) { steps.push_back({std::move(title), std::move(text)}); }
    void step(std::string title, const at::Tensor& value);
    void plot(Plot plot) { plots.push_back(std::move(plot)); }
    void check(Check check) { checks.push_back(std::move(check)); }

    /// Notes that the two are equal, which a check says of `whose` figures. Throws Error, which breaks the experiment,
    /// where they differ by more than 1e-6 anywhere.
    void assert_equal(const std::string& what, const at::Tensor& a, const at::Tensor& b,
                      const std::string& whose = "no difference");

    /// The table that a fit prints, with the notes' losses beside ours, and its plots. `title` tells the trainings of
    /// an experiment apart.
    void training(const Records& records, const std::vector<double>& notes_train = {},
                  const std::vector<double>& notes_valid = {}, const std::string& title = "Training");
};

/// One experiment of the course.
struct Experiment {
    std::string name;
    std::string title;
    /// What the notes say, in our own words.
    std::string notes;
    std::string settings;
    /// What the figures teach where every claim holds.
    std::string conclusion;
    /// What a reader could change in the code next.
    std::string to_try;
    Result (*run)(const Lab&);
    /// Files of its code beside the one of its name.
    std::vector<std::string> more_sources = {};

    /// The files that have its code, in tools/course: weight_decay.cpp, then more_sources.
    std::vector<std::string> sources() const;
};

}  // namespace embark::course
