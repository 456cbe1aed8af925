#pragma once

#include <string>
#include <vector>

#include "../../../predictor/tabular_encoder.h"
#include "graph.h"

namespace embark::onnx {

/// The parts of the dates of a column, in a graph.
struct DateParts {
    /// Those of kDatePartNames, int64[rows, 16]; anything where there is no date.
    std::string values;
    /// Where there is a date, boolean[rows, 1].
    std::string valid;
};

/// The parts of the texts `texts`, string[rows, 1], in the grammar of predictor/date_parts.h and the format of `date`,
/// as date_parts gives them. Texts are taken apart by ONNX Runtime's own operator Tokenizer, which other runtimes may
/// not have. Throws Error for a format that has no ONNX form.
DateParts add_date(Graph& graph, const DateColumn& date, const std::string& texts);

/// A column of categories that a part of a date becomes.
struct DateCategory {
    DatePartColumn column;
    Vocabulary vocabulary;
};

/// The codes of the parts of dates, int64[rows, categories]; 0 where there is no date.
std::string date_codes(Graph& graph, const DateParts& dates, const std::vector<DateCategory>& categories);

/// A part of dates as a number, double[rows, 1]; NaN where there is no date.
std::string date_number(Graph& graph, const DateParts& dates, const DatePartColumn& column);

}  // namespace embark::onnx
