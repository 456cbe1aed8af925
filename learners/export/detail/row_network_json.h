#pragma once

#include <nlohmann/json_fwd.hpp>

namespace embark {

class TabularModelImpl;

/// What RowNetwork must know of a TabularModel besides its parameters; null where it knows no such network: of several
/// members, or with embedded numbers.
nlohmann::json row_network_json(const TabularModelImpl& model);

}  // namespace embark
