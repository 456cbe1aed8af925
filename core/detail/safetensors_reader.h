#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../safetensors.h"

namespace embark {

/// A safetensors file that is read tensor by tensor, or some rows of one at a time, for files too large to be in memory
/// whole. Not thread-safe.
class SafetensorsReader {
public:
    /// Goes through the whole file and checks it as load_safetensors does, which it throws the Errors of.
    explicit SafetensorsReader(std::filesystem::path path, Checksum checksum = Checksum::if_present);

    /// In alphabetical order.
    std::vector<std::string> names() const;
    const std::map<std::string, std::string>& metadata() const { return metadata_; }
    /// Of the tensor `name`, which must be there.
    const std::vector<int64_t>& shape(const std::string& name) const { return entries_.at(name).shape; }

    at::Tensor read(const std::string& name);
    /// Fills `to`, which must be contiguous, on the CPU and of the tensor's type and width, with its rows from `first`
    /// on. Throws Error where the tensor has no such rows.
    void read_rows(const std::string& name, int64_t first, const at::Tensor& to);

private:
    struct Entry {
        at::ScalarType type;
        std::vector<int64_t> shape;
        uint64_t begin = 0, end = 0;  // in the file's data
    };

    template <class... Args>
    [[noreturn]] void damaged(const Args&... args) const;
    void read_header();
    void check_checksum(Checksum checksum);
    template <class Description>
    void add_entry(const std::string& name, const Description& entry);
    uint64_t size_in_bytes(const std::string& name, const std::vector<int64_t>& shape, uint64_t element) const;
    void check_spans() const;
    void read_bytes(uint64_t begin, void* to, uint64_t count);

    std::filesystem::path path_;
    std::ifstream file_;
    std::string header_;
    uint64_t data_size_ = 0;
    std::map<std::string, std::string> metadata_;
    std::map<std::string, Entry> entries_;
};

}  // namespace embark
