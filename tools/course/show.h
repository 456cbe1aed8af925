#pragma once

#include <iosfwd>

#include <nlohmann/json.hpp>

#include "outcome.h"

namespace embark::course {

/// An experiment's tables, steps and verdict as text.
void show(std::ostream& out, const Outcome& outcome);

/// One line an experiment: its name, time and verdict.
void show_verdicts(std::ostream& out, const std::vector<Outcome>& outcomes);

/// The cells of a table as it is shown, the header first: each column's figures, and beside them the notes' and the
/// difference, and another library's, where there are such.
std::vector<std::vector<std::string>> cells_of(const FigureGrid& grid);

nlohmann::json to_json(const Outcome& outcome);

}  // namespace embark::course
