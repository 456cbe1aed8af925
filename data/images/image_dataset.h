#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "../../core/warning.h"
#include "../loaders/dataset.h"
#include "../table/table.h"
#include "image.h"

namespace embark {

/// What is read of picture files, and how.
struct ImageDatasetOptions {
    ImageOptions image = {};  ///< what each file becomes
    /// The classes in the order of their numbers; empty: those that are found, sorted by name. Validation pictures are
    /// given those of the training pictures, `train.classes()`.
    std::vector<std::string> classes = {};
    /// Decode every file first, on several threads, and leave out those that cannot be read, with a warning, fastai's
    /// verify_images. Else the batch that one is in throws Error.
    bool skip_broken = false;
};

/// Which columns of a table tell of pictures.
struct ImageColumns {
    std::string path = "path";     ///< the column of the files' paths
    std::string target = "class";  ///< the column of the classes' names
    /// The folder that paths begin in; empty: as they stand.
    std::filesystem::path folder = {};
    /// The target is a number to be learned (float32), and no class.
    bool target_is_number = false;
};

/// Pictures in PNG and JPEG files, each with its class, decoded when their turn comes:
///
///     auto pictures = ImageDataset::from_folder("digits", {.image = {.channels = 1, .height = 28, .width = 28}});
///     auto dls = DataLoaders::from_dataset(pictures, {.transforms = {random_crop(28, 2)}, .workers = 2});
///
/// A sample is a picture as read_image() gives it, and the number of its class. The DataLoaders know the classes'
/// names, as do exported files, whose `classify(pictures)` answers with them. A handle; copies share.
class ImageDataset : public Dataset {
public:
    /// A folder for each class, as torchvision's ImageFolder has it: the class is the name of the folder, its pictures
    /// are all .png, .jpg and .jpeg files in it and in the folders below. What begins with a dot is passed over, other
    /// files are left out with a warning. Sorted by name, so that numbers and random splits are the same everywhere.
    /// Throws Error for a folder that cannot be read, a class without a picture, a class that `classes` lack, and
    /// folders that are called train, valid and the like instead of classes.
    static ImageDataset from_folder(const std::filesystem::path& folder, ImageDatasetOptions options = {});

    /// A table of a path and a target in each row; classes that all are integers are sorted as such. Throws Error for a
    /// file that is not there, a missing path or target, and numbers with decimals where target_is_number does not say
    /// that they are meant.
    static ImageDataset from_table(const Table& table, const ImageColumns& columns = {},
                                   ImageDatasetOptions options = {});

    int64_t size() const override;
    Sample get(int64_t index, Random& random) const override;
    std::shared_ptr<const Preprocessing> preprocessing() const override;

    /// By number.
    const std::vector<std::filesystem::path>& files() const;
    /// (n) int64, the number of the class of each, as class_balanced_sampler() takes them; or float32 numbers.
    const at::Tensor& targets() const;
    /// Their names by number; empty where the target is a number.
    const std::vector<std::string>& classes() const;
    /// What is left out, and what else should be known.
    const std::vector<Warning>& warnings() const;

private:
    struct Impl;
    explicit ImageDataset(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
