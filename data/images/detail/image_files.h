#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../../../core/warning.h"
#include "../../table/table.h"
#include "../image_dataset.h"

namespace embark {

/// Picture files, with a label each, as it is written, or a number.
struct ImageFiles {
    /// Where they are from, for messages.
    std::string source;
    std::vector<std::filesystem::path> files = {};
    std::vector<std::string> labels = {};
    std::vector<float> numbers = {};
    std::vector<Warning> warnings = {};
};

/// Those of ImageDataset::from_folder and from_table; throw what these throw.
ImageFiles files_in_folder(const std::filesystem::path& folder, bool classes_are_given);
ImageFiles files_in_table(const Table& table, const ImageColumns& columns);

/// `found` without the files that cannot be read, which a warning names. Throws Error where none is left.
ImageFiles without_broken(const ImageFiles& found, const ImageOptions& options);

}  // namespace embark
