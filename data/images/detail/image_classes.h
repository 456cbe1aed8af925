#pragma once

#include <string>
#include <vector>

#include "../../loaders/preprocessing.h"
#include "../image.h"

namespace embark {

/// The column of a decoded batch that says what a picture is like.
inline constexpr const char* kPictureColumn = "picture";

/// What pictures of files and their targets mean: how they were read, and the classes.
class ImageClasses : public Preprocessing {
public:
    /// No classes: the target is a number.
    ImageClasses(std::string target, std::vector<std::string> classes, ImageOptions image)
        : target_(std::move(target)), classes_(std::move(classes)), image_(image) {}

    std::vector<std::string> target_classes(size_t target) const override;
    Table decode(const Batch& batch) const override;
    Table with_predictions(Table table, const Tensors& predictions) const override;
    void export_to(ExportContext& file) const override;
    std::string fitted() const override;

private:
    /// A column of class names, or of numbers where they are no classes' numbers.
    Table with_names(Table table, const std::string& column, const at::Tensor& values) const;

    std::string target_;
    std::vector<std::string> classes_;
    ImageOptions image_;
};

}  // namespace embark
