#pragma once

#include "../../table/table.h"

namespace embark {

class ProcessGroup;

/// The rows of all processes' tables of the same columns, by rank; each gets all.
Table gather_tables(ProcessGroup& processes, const Table& table);

}  // namespace embark
