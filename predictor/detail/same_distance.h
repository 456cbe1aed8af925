#pragma once

namespace embark {

/// Neighbours whose squared distances are within this factor are as far: coordinates on a grid have many rows at one distance, which rounding
/// alone would set apart, and otherwise in each of an exported file's forms. TorchScript's form has it in its text.
constexpr double kSameDistance = 1 + 1e-9;

}  // namespace embark
