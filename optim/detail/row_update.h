#pragma once

#include "../update_rule.h"
#include "row_kernels.h"

namespace embark::rows {

/// The touched rows of an update as the loops take them.
inline Touched touched_by(const RowUpdate& update) {
    return {update.rows.data(), update.gradients.data(), std::ssize(update.rows), update.parameter.size(1)};
}

}  // namespace embark::rows
