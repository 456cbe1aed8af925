#include "file_lock.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../error.h"
#include "open_file.h"

namespace embark {

namespace {

bool has_name(int descriptor) {
    struct stat file {};
    return fstat(descriptor, &file) == 0 && file.st_nlink > 0;
}

/// "process 17 on host".
std::string this_process() {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    return concat("process ", getpid(), " on ", host.data());
}

/// What the one that has the file has written into it.
std::string holder(int descriptor) {
    std::array<char, 300> text{};
    const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
    return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : "another process";
}

}  // namespace

bool lock_file(int descriptor, bool wait) {
    int result = 0;
    do {
        result = flock(descriptor, LOCK_EX | (wait ? 0 : LOCK_NB));
    } while (result != 0 && errno == EINTR);
    return (result == 0 || wait) && has_name(descriptor);
}

FileLock::FileLock(std::filesystem::path path, const std::string& purpose) : path_(std::move(path)) {
    // Whoever gives it back removes it, perhaps after it was opened here.
    do {
        if (descriptor_ >= 0) close(descriptor_);
        descriptor_ = open_file(path_.c_str(), O_RDWR | O_CREAT | O_NONBLOCK, 0666);
        if (descriptor_ < 0) fail(purpose, ": ", std::generic_category().message(errno));
        if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) continue;
        const std::string other = holder(descriptor_);
        close(descriptor_);
        fail(purpose, ": ", other, " is doing so; wait until it has ended, or choose another folder");
    } while (!has_name(descriptor_));
    const std::string self = this_process();
    // Without it a message names no process.
    const bool known = ftruncate(descriptor_, 0) == 0 && pwrite(descriptor_, self.data(), self.size(), 0) > 0;
    static_cast<void>(known);
}

FileLock::~FileLock() {
    unlink(path_.c_str());
    close(descriptor_);
}

}  // namespace embark
