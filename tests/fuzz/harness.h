#pragma once

#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace embark::fuzz {

/// A way for bytes of anybody's to come into a program.
struct Harness {
    std::string name;
    /// Sound files, made when asked for, that mutations begin from.
    std::function<std::vector<std::string>()> seeds;
    /// Reads the bytes and uses what was read. Throws embark::Error where they are refused; anything else that is
    /// thrown is a fault, as is a report of a sanitizer.
    std::function<void(std::string_view bytes)> run;
    /// A seed forged: right in every part but one (see forge.h). Missing where files have no parts that agree with one
    /// another.
    std::function<std::string(const std::string& seed, std::mt19937_64& random)> forge = {};
};

const std::vector<Harness>& all_harnesses();

/// Runs one input; whether it was accepted. Ends the process, with a word on standard error, where it throws what no user
/// should see.
bool run_one(const Harness& harness, std::string_view bytes);

// One for each file of this folder.
std::vector<Harness> table_harnesses();
std::vector<Harness> tensor_harnesses();
std::vector<Harness> checkpoint_harnesses();
std::vector<Harness> exported_harnesses();
std::vector<Harness> picture_harnesses();

/// A file of these bytes that has no name and is in memory alone, for functions that take a path.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view bytes);
    ~MemoryFile();
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    std::string path() const;

private:
    int descriptor_;
};

}  // namespace embark::fuzz
