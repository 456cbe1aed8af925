#pragma once

#include <string>
#include <vector>

#include "graph.h"

namespace embark::onnx {

// What is read of a date's text, int64[texts, 7]: all 0 where it is not a date. The day may be one that its month does
// not have.
enum DateField : int64_t { kYear, kMonth, kDay, kHour, kMinute, kSecond, kOffset, kDateFields };

/// The tokens, string[texts, n], of `texts`, string[texts], that match `expression`, RE2's, one after the other; ""
/// where a text has fewer than that with the most.
std::string tokens_in_graph(Graph& graph, const std::string& texts, const std::string& expression);

/// The characters, string[texts, n].
std::string characters_in_graph(Graph& graph, const std::string& texts);

/// Texts of which one must be among those that are read, so that the numbers of tokens do not follow from the batch.
inline constexpr const char* kIsoSample = "2000-01-01T00:00:00+00:00";

/// The fields of texts, string[texts], such as 2024-01-31T07:00:00+02:00; kIsoSample must be among them.
std::string read_iso_dates(Graph& graph, const std::string& texts);

}  // namespace embark::onnx
