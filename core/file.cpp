#include "file.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "detail/file_lock.h"
#include "detail/open_file.h"
#include "error.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

std::string reason(int error) {
    return std::generic_category().message(error);
}

/// What there is at `path` in the place of an ordinary file.
const char* kind_of(const struct stat& there) {
    switch (there.st_mode & S_IFMT) {
        case S_IFDIR:
            return "a folder";
        case S_IFCHR:
        case S_IFBLK:
            return "a device";
        case S_IFIFO:
            return "a pipe";
        case S_IFSOCK:
            return "a socket";
        default:
            return "something else";
    }
}

/// The file that writing to `path` writes: where symbolic links lead to, whether there is one or not. Throws Error for
/// what is there and is not an ordinary file, and for links that lead in a circle.
fs::path written_file(const fs::path& path) {
    struct stat there {};
    fs::path file = path;
    if (stat(path.c_str(), &there) == 0) {
        if (!S_ISREG(there.st_mode)) fail("Cannot write ", path.string(), ": it is ", kind_of(there), ", not a file");
    } else if (errno == ELOOP || errno == ENAMETOOLONG) {
        fail("Cannot write ", path.string(), ": ", reason(errno));
    }
    std::error_code error;
    for (int links = 0; fs::is_symlink(fs::symlink_status(file, error)); ++links) {
        // Those that change while they are followed may have become a circle.
        if (links == 64) fail("Cannot write ", path.string(), ": ", reason(ELOOP));
        const fs::path to = fs::read_symlink(file, error);
        if (error) fail("Cannot write ", path.string(), ": ", error.message());
        file = file.parent_path() / to;
    }
    return file;
}

/// The folder that `path` lies in, spelled so that it can be opened.
fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

constexpr std::string_view kTemporarySuffix = ".tmp";

/// What the names of temporary files for `target` begin with: its name, cut where what follows would make it too long
/// for a file system.
std::string temporary_prefix(const fs::path& target) {
    constexpr size_t kMostOfName = 200;
    return concat(".", target.filename().string().substr(0, kMostOfName), ".");
}

/// A temporary file beside the one to be written, and the only owner of its descriptor; removed unless it was renamed
/// into place. Locked while it is written, so that others know those that a killed process has left.
class TemporaryFile {
public:
    /// `shown` is what messages call the target.
    TemporaryFile(const fs::path& target, const fs::path& shown) : target_(target), shown_(shown) {
        // Nobody may read the new content who could not read the old one.
        struct stat old {};
        const bool replaces = stat(target.c_str(), &old) == 0;
        const mode_t mode = old.st_mode & 0777;
        while (!open_new(replaces ? mode : 0666)) {
        }
        if (!replaces || fchmod(descriptor_, mode) == 0) return;
        const int error = errno;
        discard();
        fail_with(error);
    }
    ~TemporaryFile() { discard(); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail_with(errno);
            bytes.remove_prefix(static_cast<size_t>(written));
        }
    }

    /// Makes the content safe on disk and puts the file in its place.
    void commit() {
        if (fsync(descriptor_) != 0) fail_with(errno);
        const int closed = close(std::exchange(descriptor_, -1));
        if (closed != 0) fail_with(errno);
        if (rename(name_.c_str(), target_.c_str()) != 0) fail_with(errno);
        renamed_ = true;
        sync_folder();
    }

private:
    /// False where another has to be opened: its name is taken, or was taken for one that was left.
    bool open_new(mode_t mode) {
        static std::atomic<unsigned> counter{0};
        const auto name = concat(temporary_prefix(target_), getpid(), ".", counter++, kTemporarySuffix);
        name_ = (folder_of(target_) / name).string();
        descriptor_ = open_file(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL, mode);
        if (descriptor_ < 0 && errno == EEXIST) return false;
        if (descriptor_ < 0) fail("Cannot write ", shown_.string(), ": ", reason(errno));
        if (lock_file(descriptor_, /*wait=*/true)) return true;
        close(std::exchange(descriptor_, -1));
        return false;
    }

    void discard() {
        if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
        if (!renamed_) unlink(name_.c_str());
    }

    [[noreturn]] void fail_with(int error) const {
        fail("Cannot write ", shown_.string(), ": ", reason(error), "; what was there before is unchanged");
    }

    /// Without this a crash could lose the new name. Some file systems cannot sync a folder (EINVAL); the file itself
    /// is safe by then.
    void sync_folder() const {
        const int folder = open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) return;
        fsync(folder);
        close(folder);
    }

    fs::path target_, shown_;
    std::string name_;
    int descriptor_ = -1;
    bool renamed_ = false;
};

/// Throws where the folder of `path` is missing.
void require_folder(const fs::path& path, std::string_view verb) {
    const fs::path folder = folder_of(path);
    std::error_code error;
    if (!fs::exists(folder, error)) fail("Cannot ", verb, " ", path.string(), ": there is no folder ", folder.string());
    if (!fs::is_directory(folder, error)) {
        fail("Cannot ", verb, " ", path.string(), ": ", folder.string(), " is not a folder");
    }
}

}  // namespace

void require_readable_file(const fs::path& path) {
    require(!path.empty(), "Cannot read a file whose name is empty");
    struct stat there {};
    if (stat(path.c_str(), &there) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) fail("Cannot read ", path.string(), ": ", reason(errno));
        require_folder(path, "read");
        fail("Cannot read ", path.string(), ": there is no such file");
    }
    if (!S_ISREG(there.st_mode)) fail("Cannot read ", path.string(), ": it is ", kind_of(there), ", not a file");
    if (access(path.c_str(), R_OK) != 0) fail("Cannot read ", path.string(), ": ", reason(errno));
}

std::string read_file(const fs::path& path) {
    require_readable_file(path);
    std::ifstream file(path, std::ios::binary);
    std::string content;
    std::array<char, 1 << 16> block;
    // Unlike iterators over the stream's buffer, read() does not throw.
    while (file.read(block.data(), block.size()) || file.gcount() > 0) {
        content.append(block.data(), static_cast<size_t>(file.gcount()));
    }
    if (!file.eof()) fail("Cannot read ", path.string(), ": ", reason(errno));
    return content;
}

void require_writable_path(const fs::path& path) {
    require(!path.empty() && path.has_filename(), "Cannot write to '", path.string(), "': that is no file name");
    const fs::path file = written_file(path);
    require_folder(file, "write");
    if (access(folder_of(file).c_str(), W_OK) != 0) {
        fail("Cannot write ", path.string(), ": ", reason(errno));
    }
}

void remove_left_temporaries(const fs::path& path) {
    std::error_code error;
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(folder_of(path), error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(temporary_prefix(path)) && name.ends_with(kTemporarySuffix)) left.push_back(entry.path());
    }
    for (const auto& file : left) {
        const int descriptor = open(file.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (descriptor < 0) continue;
        if (lock_file(descriptor, /*wait=*/false)) unlink(file.c_str());
        close(descriptor);
    }
}

void write_file_atomically(const fs::path& path, const std::vector<std::string_view>& parts) {
    require_writable_path(path);
    const fs::path target = written_file(path);
    {
        TemporaryFile file(target, path);
        for (const auto part : parts) file.write(part);
        file.commit();
    }
    remove_left_temporaries(target);
}

}  // namespace embark
