#pragma once

#include "../command_line.h"

namespace embark::tools {

/// `embark course list` and `embark course run`; see Command.
int course_list(const Arguments& arguments);
int course_run(const Arguments& arguments);

}  // namespace embark::tools
