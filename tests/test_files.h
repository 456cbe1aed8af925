#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <unistd.h>

namespace embark::testing {

/// A folder of the test's own, gone when it ends. In memory where possible: files are synced to disk as they are
/// written, and tests that write thousands would wait for it.
class TemporaryFolder {
public:
    TemporaryFolder() {
        const bool memory = access("/dev/shm", W_OK) == 0;
        const auto base = memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
        std::string pattern = (base / "embark-test-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

    /// Writes a file with `content` in the folder, and gives its path.
    std::filesystem::path write(const std::string& name, std::string_view content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

/// The folder with real data sets (DIR/ml-100k/u.data), from EMBARK_DATA, or shared/data beside or above the checkout.
inline std::optional<std::filesystem::path> data_folder() {
    if (const char* given = std::getenv("EMBARK_DATA")) return std::filesystem::path(given);
    for (const char* candidate : {"shared/data", "../shared/data"}) {
        const auto path = std::filesystem::path(EMBARK_SOURCE_DIR) / candidate;
        if (std::filesystem::exists(path)) return path;
    }
    return std::nullopt;
}

/// The message of the embark::Error (or of what derives from it) that `action` throws; fails the test where it throws
/// nothing.
template <class Exception, class Action>
std::string message_of(Action&& action) {
    try {
        action();
    } catch (const Exception& error) {
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

}  // namespace embark::testing
