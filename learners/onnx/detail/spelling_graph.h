#pragma once

#include <string>
#include <vector>

#include "../../../predictor/vocabulary.h"
#include "graph.h"

namespace embark::onnx {

/// `word`, in small letters of ASCII, in any capitals: itself, then with the first letter as a capital, and at last
/// with all of them.
std::vector<std::string> in_any_capitals(const std::string& word);

/// The spellings that a graph knows of category number `number`, its name first. Vocabulary::index takes any spelling
/// of it (see Spelling), and an ONNX graph, which compares texts with those of a list alone, takes these:
///   as_written  "x"
///   trimmed     "x", " x", "x "
///   integers    "13", "13.0", " 13", "13 "; of 0 also "-0" and "-0.0"
///   booleans    "true" in any capitals, and " true", " True", " TRUE", "true ", "True ", "TRUE "
/// Each is one that the vocabulary itself takes as that category, so that no answer is another one; other spellings,
/// such as "13.00", are unknown to the graph.
std::vector<std::string> known_spellings(const Vocabulary& vocabulary, int64_t number);

/// The numbers, int64, of the categories that the texts `value` stand for; 0 for those that are missing or unknown.
std::string category_codes(Graph& graph, const std::string& value, const Vocabulary& vocabulary);

}  // namespace embark::onnx
