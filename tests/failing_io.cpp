// Replaces the calls that write files by ones that fail when told to. Linked into a test program it is told by
// let_io_fail(); as a library in LD_PRELOAD by the environment: EMBARK_IO_FAILURE=kill:17 (fail, short, kill or half).
#include "failing_io.h"

#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdlib>
#include <string_view>

#include <csignal>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace embark::testing {
namespace {

using How = IoFailure::How;

IoFailure planned;  // before anything is written
// Several threads write.
std::atomic<int> calls = 0;
std::atomic<bool> fail_next_write = false;
std::array<std::atomic<bool>, 4096> watched{};

template <class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool is_watched(int descriptor) {
    return descriptor >= 0 && descriptor < static_cast<int>(watched.size()) && watched[static_cast<size_t>(descriptor)];
}

/// Counts a call; whether it is the one to fail.
bool is_due() {
    return ++calls == planned.at_call;
}

/// Counts a call that can only fail as a whole, and fails it where it is due.
bool fails() {
    if (!is_due()) return false;
    if (planned.how == How::kill || planned.how == How::kill_half_way) raise(SIGKILL);
    errno = planned.error;
    return true;
}

[[gnu::constructor]] void read_environment() {
    const char* text = std::getenv("EMBARK_IO_FAILURE");
    if (text == nullptr) return;
    const std::string_view given(text);
    const size_t colon = given.find(':');
    const auto how = given.substr(0, colon);
    planned.at_call = std::atoi(given.substr(colon + 1).data());
    planned.how = how == "short"  ? How::short_write
                  : how == "kill" ? How::kill
                  : how == "half" ? How::kill_half_way
                                  : How::fail;
}

}  // namespace

void let_io_fail(const IoFailure& failure) {
    planned = failure;
    calls = 0;
    fail_next_write = false;
}

int io_calls() {
    return calls;
}

}  // namespace embark::testing

using namespace embark::testing;

extern "C" {

int open(const char* path, int flags, ...) {
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    const auto call = real<int (*)(const char*, int, ...)>("open");
    const bool watch = (flags & O_CREAT) != 0 && std::string_view(path).ends_with(".tmp");
    if (watch && fails()) return -1;
    const int descriptor = call(path, flags, mode);
    if (descriptor >= 0 && descriptor < static_cast<int>(watched.size())) {
        watched[static_cast<size_t>(descriptor)] = watch;
    }
    return descriptor;
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
    const auto call = real<ssize_t (*)(int, const void*, size_t)>("write");
    if (!is_watched(descriptor)) return call(descriptor, bytes, size);
    const bool due = is_due();
    if (fail_next_write.exchange(false) || (due && planned.how == How::fail)) {
        errno = planned.error;
        return -1;
    }
    if (due && planned.how == How::kill) raise(SIGKILL);
    if (!due) return call(descriptor, bytes, size);
    const ssize_t written = call(descriptor, bytes, size / 2);
    if (planned.how == How::kill_half_way) raise(SIGKILL);
    fail_next_write = true;
    return written;
}

int fchmod(int descriptor, mode_t mode) {
    if (is_watched(descriptor) && fails()) return -1;
    return real<int (*)(int, mode_t)>("fchmod")(descriptor, mode);
}

int fsync(int descriptor) {
    if (is_watched(descriptor) && fails()) return -1;
    return real<int (*)(int)>("fsync")(descriptor);
}

int close(int descriptor) {
    const auto call = real<int (*)(int)>("close");
    if (!is_watched(descriptor)) return call(descriptor);
    watched[static_cast<size_t>(descriptor)] = false;
    const bool failed = fails();
    const int error = errno;
    const int result = call(descriptor);
    errno = failed ? error : errno;
    return failed ? -1 : result;
}

int rename(const char* from, const char* to) {
    if (std::string_view(from).ends_with(".tmp") && fails()) return -1;
    return real<int (*)(const char*, const char*)>("rename")(from, to);
}

}  // extern "C"
