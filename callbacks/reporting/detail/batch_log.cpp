#include "batch_log.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "../../../core/detail/open_file.h"
#include "../../../core/error.h"
#include "../../../core/file.h"
#include "../../../core/text.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLogPrefix = "batches.", kLogSuffix = ".f64";
constexpr size_t kBlock = 1 << 15;  // values

/// The number in the name of a log; nothing for other files.
std::optional<int64_t> log_number(const fs::path& path) {
    const std::string name = path.filename().string();
    if (!name.starts_with(kLogPrefix) || !name.ends_with(kLogSuffix)) return std::nullopt;
    const auto number = parse_int(name.substr(kLogPrefix.size(), name.size() - kLogPrefix.size() - kLogSuffix.size()));
    constexpr int64_t kMost = 1'000'000'000'000'000;  // more than can be counted
    return number && *number > 0 && *number < kMost ? number : std::nullopt;
}

std::vector<fs::path> all_logs(const fs::path& dir) {
    std::vector<fs::path> logs;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(dir, error)) {
        if (log_number(entry.path())) logs.push_back(entry.path());
    }
    return logs;
}

std::string_view as_bytes(std::span<const double> values) {
    return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

BatchLog::~BatchLog() {
    if (descriptor_ >= 0) close(descriptor_);
}

fs::path BatchLog::path() const {
    return dir_ / concat(kLogPrefix, number_, kLogSuffix);
}

void BatchLog::open(int flags) {
    descriptor_ = open_file(path().c_str(), O_RDWR | flags, 0666);
    if (descriptor_ < 0) fail_with(errno);
}

void BatchLog::add(std::span<const double> row) {
    if (descriptor_ < 0) {
        for (const auto& other : all_logs(dir_)) number_ = std::max(number_, *log_number(other));
        ++number_;
        open(O_CREAT | O_EXCL);
    }
    pending_.insert(pending_.end(), row.begin(), row.end());
    if (pending_.size() >= kBlock) flush();
}

void BatchLog::flush() {
    const std::string_view bytes = as_bytes(pending_);
    const auto begin = static_cast<off_t>(values_ * static_cast<int64_t>(sizeof(double)));
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t written =
            pwrite(descriptor_, bytes.data() + done, bytes.size() - done, begin + static_cast<off_t>(done));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail_with(errno);
        done += static_cast<size_t>(written);
    }
    checksum_.add(bytes);
    values_ += std::ssize(pending_);
    pending_.clear();
}

BatchLog::Mark BatchLog::mark() {
    if (descriptor_ < 0) return {};
    flush();
    if (fsync(descriptor_) != 0) fail_with(errno);
    return {.number = number_, .values = values_, .checksum = checksum_.hex()};
}

void BatchLog::resume(const Mark& mark, size_t width, const std::function<void(std::span<const double>)>& visit) {
    if (mark.number == 0) return;
    number_ = mark.number;
    require_readable_file(path());
    open(0);
    const auto row_size = static_cast<int64_t>(width);
    std::vector<double> block(width * std::max<size_t>(1, kBlock / width));
    while (values_ < mark.values) {
        const auto wanted = static_cast<size_t>(std::min<int64_t>(std::ssize(block), mark.values - values_));
        const size_t bytes = wanted * sizeof(double);
        const ssize_t got = pread(descriptor_, block.data(), bytes, static_cast<off_t>(values_) * 8);
        require(got == static_cast<ssize_t>(bytes), path().string(),
                " is shorter than when the checkpoint was written");
        const std::span<const double> values(block.data(), wanted);
        checksum_.add(as_bytes(values));
        for (size_t i = 0; i + width <= wanted; i += width) visit(values.subspan(i, width));
        values_ += static_cast<int64_t>(wanted);
    }
    require(values_ % row_size == 0 && checksum_.hex() == mark.checksum, path().string(),
            " is not as it was when the checkpoint was written");
    if (ftruncate(descriptor_, static_cast<off_t>(values_) * 8) != 0) fail_with(errno);
}

void BatchLog::remove_others() const {
    std::error_code error;
    for (const auto& log : all_logs(dir_)) {
        if (log_number(log) != number_) fs::remove(log, error);
    }
}

void BatchLog::fail_with(int error) const {
    fail("Cannot write ", path().string(), ": ", std::generic_category().message(error));
}

}  // namespace embark
