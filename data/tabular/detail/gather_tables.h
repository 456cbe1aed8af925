#pragma once

#include "../../table/table.h"

namespace embark {

class Strategy;

/// The rows of all processes' tables of the same columns, by rank; each gets all.
Table gather_tables(Strategy& strategy, const Table& table);

}  // namespace embark
