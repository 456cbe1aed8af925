#include "event_file.h"

#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <boost/crc.hpp>

#include "../../../core/detail/open_file.h"
#include "../../../core/error.h"
#include "../../../core/text.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

constexpr size_t kBufferSize = 1 << 16;

// Protocol buffers: a field is a key, which is its number and how it is stored, and a value.
enum class Wire : uint64_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void put_varint(std::string& out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

void put_key(std::string& out, uint64_t field, Wire wire) {
    put_varint(out, field << 3 | static_cast<uint64_t>(wire));
}

/// The bytes of a number, the least one first.
void put_fixed(std::string& out, std::unsigned_integral auto value) {
    for (size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> 8 * i);
}

void put_int(std::string& out, uint64_t field, int64_t value) {
    put_key(out, field, Wire::varint);
    put_varint(out, static_cast<uint64_t>(value));
}

void put_double(std::string& out, uint64_t field, double value) {
    put_key(out, field, Wire::fixed64);
    put_fixed(out, std::bit_cast<uint64_t>(value));
}

void put_float(std::string& out, uint64_t field, double value) {
    put_key(out, field, Wire::fixed32);
    put_fixed(out, std::bit_cast<uint32_t>(static_cast<float>(value)));
}

/// A text or a message inside a message.
void put_bytes(std::string& out, uint64_t field, std::string_view bytes) {
    put_key(out, field, Wire::bytes);
    put_varint(out, bytes.size());
    out += bytes;
}

// Field numbers of tensorboard/compat/proto: event.proto, summary.proto, tensor.proto.
namespace event {
constexpr uint64_t kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
namespace session_log {
constexpr uint64_t kStatus = 1;
constexpr int64_t kStart = 1;
}  // namespace session_log
namespace summary {
constexpr uint64_t kValue = 1;
}
namespace value {
constexpr uint64_t kTag = 1, kSimpleValue = 2, kTensor = 8, kMetadata = 9;
}
namespace metadata {
constexpr uint64_t kPluginData = 1, kPluginName = 1;
}
namespace tensor {
constexpr uint64_t kType = 1, kString = 8;
constexpr int64_t kStringType = 7;
}  // namespace tensor

/// CRC-32C, rotated and shifted as the format has it, so that a checksum of checksums stays a good one.
uint32_t masked_checksum(std::string_view bytes) {
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return std::rotr(static_cast<uint32_t>(crc.checksum()), 15) + 0xA282EAD8U;
}

double seconds_since_1970() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
    char name[256] = {};
    return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

constexpr std::string_view kNameBegin = "events.out.tfevents.";

/// TensorBoard takes what has "tfevents" in its name, and reads a folder's files in the order of their names. The time
/// in it is later than those of the files that are there, even where the clock was set back since.
std::string new_file_name(const fs::path& folder) {
    static std::atomic<unsigned> counter{0};
    auto time = static_cast<int64_t>(seconds_since_1970());
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(kNameBegin)) continue;
        const std::string rest = name.substr(kNameBegin.size());
        const auto there = parse_int(rest.substr(0, rest.find('.')));
        constexpr int64_t kLatest = 9'999'999'998;  // of as many digits
        if (there && *there >= time && *there <= kLatest) time = *there + 1;
    }
    return concat(kNameBegin, time, ".", host_name(), ".", getpid(), ".", counter++);
}

[[noreturn]] void cannot_write(const fs::path& path, int error) {
    fail("Cannot write TensorBoard's log ", path.string(), ": ", std::generic_category().message(error));
}

}  // namespace

EventFile::EventFile(const fs::path& folder) : path_(folder / new_file_name(folder)) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) cannot_write(folder, error.value());
    descriptor_ = open_file(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (descriptor_ < 0) cannot_write(path_, errno);
    buffer_.reserve(kBufferSize + 4096);
    put_double(event_, event::kWallTime, seconds_since_1970());
    put_bytes(event_, event::kFileVersion, "brain.Event:2");
    add_record(event_);
    flush();  // so that a full disk is found now, and TensorBoard sees the run from its start
}

EventFile::~EventFile() {
    if (descriptor_ < 0) return;
    try {
        flush();
    } catch (const Error&) {
        // Whoever wants to know calls flush() before.
    }
    close(descriptor_);
}

void EventFile::add_scalars(int64_t step, const std::vector<Scalar>& scalars) {
    summary_.clear();
    for (const Scalar& scalar : scalars) {
        value_.clear();
        put_bytes(value_, value::kTag, scalar.tag);
        put_float(value_, value::kSimpleValue, scalar.value);
        put_bytes(summary_, summary::kValue, value_);
    }
    add_summary(step, summary_);
}

void EventFile::add_text(int64_t step, std::string_view tag, std::string_view text) {
    std::string string_tensor, plugin, plugin_metadata, whole;
    put_int(string_tensor, tensor::kType, tensor::kStringType);
    put_bytes(string_tensor, tensor::kString, text);
    put_bytes(plugin, metadata::kPluginName, "text");
    put_bytes(plugin_metadata, metadata::kPluginData, plugin);
    value_.clear();
    put_bytes(value_, value::kTag, tag);
    put_bytes(value_, value::kTensor, string_tensor);
    put_bytes(value_, value::kMetadata, plugin_metadata);
    put_bytes(whole, summary::kValue, value_);
    add_summary(step, whole);
}

void EventFile::add_start(int64_t step) {
    std::string session;
    put_int(session, session_log::kStatus, session_log::kStart);
    event_.clear();
    put_double(event_, event::kWallTime, seconds_since_1970());
    put_int(event_, event::kStep, step);
    put_bytes(event_, event::kSessionLog, session);
    add_record(event_);
}

void EventFile::add_summary(int64_t step, std::string_view summary) {
    event_.clear();
    put_double(event_, event::kWallTime, seconds_since_1970());
    put_int(event_, event::kStep, step);
    put_bytes(event_, event::kSummary, summary);
    add_record(event_);
}

void EventFile::add_record(std::string_view record) {
    const size_t start = buffer_.size();
    put_fixed(buffer_, static_cast<uint64_t>(record.size()));
    put_fixed(buffer_, masked_checksum(std::string_view(buffer_).substr(start)));
    buffer_ += record;
    put_fixed(buffer_, masked_checksum(record));
    if (buffer_.size() >= kBufferSize) flush();
}

void EventFile::flush() {
    for (std::string_view left = buffer_; !left.empty();) {
        const ssize_t written = write(descriptor_, left.data(), left.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            buffer_.erase(0, buffer_.size() - left.size());  // a later try goes on where this one ended
            cannot_write(path_, errno);
        }
        left.remove_prefix(static_cast<size_t>(written));
    }
    buffer_.clear();
}

}  // namespace embark
