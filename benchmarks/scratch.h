#pragma once

#include <filesystem>
#include <string>

#include <unistd.h>

#include <embark/core/error.h>

namespace embark::bench {

/// A folder for the files that a measurement writes, gone at the end.
class Scratch {
public:
    Scratch() {
        std::string pattern = (std::filesystem::temp_directory_path() / "embark-bench-XXXXXX").string();
        require(mkdtemp(pattern.data()) != nullptr, "No temporary folder can be made");
        path_ = pattern;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace embark::bench
