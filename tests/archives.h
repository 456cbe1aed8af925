#pragma once

#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include <caffe2/serialize/inline_container.h>

#include <embark/core/detail/torch_archive.h>

namespace embark::testing {

/// What an archive is made of, by name.
using Records = std::map<std::string, std::string>;

/// An archive as LibTorch writes them of these records; deflated are those whose names begin with `deflated`.
inline std::string archive_of(const Records& records, std::string_view deflated = "code/") {
    std::string archive;
    caffe2::serialize::PyTorchStreamWriter writer([&](const void* bytes, size_t size) {
        archive.append(static_cast<const char*>(bytes), size);
        return size;
    });
    for (const auto& [name, bytes] : records) {
        writer.writeRecord(name, bytes.data(), bytes.size(), /*compress=*/name.starts_with(deflated));
    }
    writer.writeEndOfFile();
    return archive;
}

/// An archive as LibTorch writes them, with `edit` done to its records.
inline std::string edited_archive(const std::string& archive, const std::function<void(Records&)>& edit) {
    std::istringstream stream(archive, std::ios::binary);
    TorchArchive reader(stream);
    Records records;
    for (const std::string& name : reader.names()) {
        const bool is_the_writers_own = name == "version" || name.starts_with(".data/");
        if (!is_the_writers_own) records[name] = reader.read(name);
    }
    edit(records);
    return archive_of(records);
}

}  // namespace embark::testing
