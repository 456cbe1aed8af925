#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace embark {

/// A number under the name that TensorBoard shows it by.
struct Scalar {
    std::string_view tag;
    double value;
};

/// Writes one of TensorBoard's event files: records of protocol buffers, each with its length and checksums. What is
/// added is buffered; a program that dies loses the last 64 KiB at most, and a reader skips a record that was cut off.
class EventFile {
public:
    /// A new file in `folder`, which is made where it is missing. Throws Error where it cannot be written.
    explicit EventFile(const std::filesystem::path& folder);
    /// Writes what is buffered, as far as that can be done.
    ~EventFile();
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;

    /// Numbers are stored with single precision, as the format has it. Tags and texts must be UTF-8.
    void add_scalars(int64_t step, const std::vector<Scalar>& scalars);
    /// A text in Markdown.
    void add_text(int64_t step, std::string_view tag, std::string_view text);
    /// Says that the run goes on from here after a restart: readers drop what older files have from `step` on.
    void add_start(int64_t step);
    /// Hands all that was added to the operating system. Throws Error where that fails.
    void flush();

private:
    void add_summary(int64_t step, std::string_view summary);
    void add_record(std::string_view record);

    std::filesystem::path path_;
    int descriptor_ = -1;
    std::string buffer_;
    // Kept between calls for their memory alone.
    std::string summary_, value_, event_;
};

}  // namespace embark
