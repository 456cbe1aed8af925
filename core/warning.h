#pragma once

#include <string>

namespace embark {

/// What a user should know of data or of a training that goes on all the same.
struct Warning {
    /// What kind of thing it is, in small letters with underscores ("rare_class"): for programs, and the same in every
    /// version. docs/tabular.md lists those of tables.
    std::string code;
    /// One sentence that says what, where and what would help.
    std::string message;
};

}  // namespace embark
