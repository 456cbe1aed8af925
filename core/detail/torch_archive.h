#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <vector>

#include <caffe2/serialize/inline_container.h>

namespace embark {

/// A ZIP archive as torch.save and TorchScript write them. What LibTorch says of one that is damaged is thrown as it
/// is.
class TorchArchive {
public:
    /// The stream must outlive it. Throws Error, one that goes on from the file's name, where the records unpack to
    /// more than the archive has bytes; code alone is deflated, and may be 64 MiB.
    explicit TorchArchive(std::istream& stream);

    std::vector<std::string> names() { return reader_.getAllRecords(); }
    bool has(const std::string& name) { return reader_.hasRecord(name); }
    /// In bytes, unpacked.
    size_t size(const std::string& name) { return reader_.getRecordSize(name); }
    /// Of the whole archive, as it is packed.
    size_t size() const { return size_; }
    std::string read(const std::string& name);

private:
    size_t size_;
    caffe2::serialize::PyTorchStreamReader reader_;
};

}  // namespace embark
