#pragma once

#include <string>

#include "../../table/column_look.h"
#include "../column_summary.h"

namespace embark {

/// "a; b", or one of them where the other is empty.
std::string with_clause(std::string text, const std::string& clause);

/// The public summarize's work, of what was seen already.
ColumnSummary summarize(const std::string& name, ColumnKind kind, const ColumnLook& look, const std::string& why);

}  // namespace embark
