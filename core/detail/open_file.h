#pragma once

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace embark {

/// open() that closes on exec, and never on the descriptor of a standard stream, even where the program was started
/// without these: what is printed would be written into the file.
inline int open_file(const char* path, int flags, mode_t mode = 0) {
    const int descriptor = open(path, flags | O_CLOEXEC, mode);
    if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
    const int above = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), error = errno;
    close(descriptor);
    errno = error;
    return above;
}

}  // namespace embark
