#include "csv_logger.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/detail/open_file.h"
#include "../../core/error.h"
#include "../../core/state_dict.h"
#include "../../core/text.h"
#include "../training_state.h"

namespace embark {

namespace {

/// The shortest text that reads back as `value`; nothing for NaN.
std::string exact(double value) {
    if (std::isnan(value)) return {};
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

std::string quoted(const std::string& name) {
    if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? "\"\"" : std::string(1, c);
    return text + "\"";
}

std::string header_of(const Records& records) {
    std::vector<std::string> cells = {"epoch"};
    for (const auto& column : records.names()) cells.push_back(quoted(column));
    cells.emplace_back("time");
    return join(cells, ",") + "\n";
}

std::string row_of(const EpochRow& row) {
    std::vector<std::string> cells = {std::to_string(row.epoch), exact(row.train_loss), exact(row.valid_loss)};
    for (const double value : row.metrics) cells.push_back(exact(value));
    cells.push_back(exact(row.train_seconds + row.valid_seconds));
    return join(cells, ",") + "\n";
}

int64_t size_of(int descriptor) {
    struct stat status {};
    return fstat(descriptor, &status) == 0 ? status.st_size : 0;
}

}  // namespace

CSVLogger::CSVLogger(CSVLoggerOptions options) : options_(std::move(options)) {}

CSVLogger::~CSVLogger() {
    close();
}

void CSVLogger::before_fit(TrainingState& state) {
    close();
    if (!state.is_main_process()) return;
    // Not emptied yet: the fit may go on from a checkpoint.
    descriptor_ = open_file(options_.path.c_str(), O_RDWR | O_CREAT, 0666);
    if (descriptor_ < 0) fail_with(errno);
    header_ = header_of(state.records);
    begun_ = false;
    if (options_.append && size_of(descriptor_) > 0) check_columns();
}

void CSVLogger::check_columns() const {
    std::string line;
    std::getline(std::ifstream(options_.path), line);
    require(line + "\n" == header_, "Cannot append to ", options_.path.string(), ": its first line is '", line,
            "', this fit's columns are '", header_.substr(0, header_.size() - 1), "'; choose another file");
}

void CSVLogger::begin() {
    if (descriptor_ < 0 || std::exchange(begun_, true)) return;
    truncate(options_.append ? size_of(descriptor_) : 0);
    if (size_ == 0) write(header_);
}

void CSVLogger::before_epoch(TrainingState&) {
    begin();
}

void CSVLogger::after_epoch(TrainingState& state) {
    if (descriptor_ >= 0) write(row_of(state.records.epochs.back()));
}

void CSVLogger::after_fit(TrainingState&) {
    begin();  // there may have been no epoch
}

void CSVLogger::cleanup_fit(TrainingState&) {
    close();
}

void CSVLogger::save_state(StateDict& to, const TrainingState&) const {
    // A checkpoint must not outlive the rows before it. Devices and pipes have nothing to sync.
    if (descriptor_ >= 0 && fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) fail_with(errno);
    to.set("size", size_);
}

void CSVLogger::load_state(const StateDict& from, TrainingState& state) {
    if (descriptor_ < 0 || state.was_over(Level::fit)) return;  // what stands there now may be a later fit's
    const auto size = from.get_integer("size", 0);
    const auto there = size_of(descriptor_);
    require(there >= size, options_.path.string(), " has ", there, " bytes, but had ", size,
            " when the checkpoint was written");
    truncate(size);
    begun_ = true;
}

void CSVLogger::truncate(int64_t size) {
    if (ftruncate(descriptor_, size) != 0) fail_with(errno);
    size_ = size;
}

void CSVLogger::write(const std::string& line) {
    for (size_t done = 0; done < line.size();) {
        const ssize_t written = pwrite(descriptor_, line.data() + done, line.size() - done, size_);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail_with(errno);
        done += static_cast<size_t>(written);
        size_ += written;
    }
}

void CSVLogger::close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void CSVLogger::fail_with(int error) const {
    fail("Cannot write ", options_.path.string(), ": ", std::generic_category().message(error));
}

std::shared_ptr<CSVLogger> csv_logger(CSVLoggerOptions options) {
    return std::make_shared<CSVLogger>(std::move(options));
}

}  // namespace embark
