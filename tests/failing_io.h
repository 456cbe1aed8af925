#pragma once

#include <cerrno>

namespace embark::testing {

/// What happens at one call of open, write, fchmod, fsync, close or rename for a temporary file (a name that ends in
/// ".tmp"), counted from 1 over all of them. The program that links failing_io.cpp has these calls replaced.
struct IoFailure {
    enum class How {
        fail,          ///< the call does nothing and sets errno
        short_write,   ///< a write takes half of its bytes, and the next one fails
        kill,          ///< the process is killed before the call
        kill_half_way  ///< and after half of a write
    };
    int at_call = 0;
    How how = How::fail;
    int error = ENOSPC;
};

/// Lets the calls from now on fail as `failure` says; at_call 0: none. Counts from 1 again.
void let_io_fail(const IoFailure& failure);

/// How many calls there were since then.
int io_calls();

}  // namespace embark::testing
