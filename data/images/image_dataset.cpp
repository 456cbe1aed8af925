#include "image_dataset.h"

#include <algorithm>
#include <map>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../../core/text.h"
#include "detail/image_classes.h"
#include "detail/image_files.h"

namespace embark {

struct ImageDataset::Impl {
    ImageFiles found;
    at::Tensor targets;
    ImageDatasetOptions options;
    std::shared_ptr<const Preprocessing> preprocessing;

    /// Of the files that are found; their classes where the targets are not numbers.
    Impl(ImageFiles files, const std::string& target, ImageDatasetOptions its_options);
};

namespace {

/// The classes among `labels`, sorted as text, or as integers where `as_integers` and all are such.
std::vector<std::string> classes_among(std::vector<std::string> labels, bool as_integers) {
    if (as_integers && std::all_of(labels.begin(), labels.end(), is_plain_integer)) {
        std::sort(labels.begin(), labels.end(), plain_integer_less);
    } else {
        std::sort(labels.begin(), labels.end());
    }
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    return labels;
}

/// The number of the class of each file. Throws Error for one that `classes` lack.
at::Tensor class_numbers(const ImageFiles& found, const std::vector<std::string>& classes) {
    std::map<std::string_view, int64_t> numbers;
    for (const std::string& name : classes) {
        require(is_utf8(name), "The name of a class in ", found.source, " is not UTF-8: '", name, "'");
        require(numbers.emplace(name, static_cast<int64_t>(numbers.size())).second, "The classes have '", name,
                "' twice");
    }
    std::vector<int64_t> targets;
    for (size_t i = 0; i < found.files.size(); ++i) {
        const auto number = numbers.find(found.labels[i]);
        require(number != numbers.end(), "The class of ", found.files[i].string(), " is '", found.labels[i],
                "', which is not among those given: ", join(classes));
        targets.push_back(number->second);
    }
    return at::tensor(targets, at::kLong);
}

}  // namespace

ImageDataset::Impl::Impl(ImageFiles files, const std::string& target, ImageDatasetOptions its_options)
    : found(std::move(files)), options(std::move(its_options)) {
    if (options.skip_broken) found = without_broken(found, options.image);
    targets = found.labels.empty() ? at::tensor(found.numbers, at::kFloat) : class_numbers(found, options.classes);
    if (options.classes.size() == 1) {
        found.warnings.push_back({"one_class", concat("All pictures in ", found.source, " are of the class '",
                                                      options.classes.front(), "': there is nothing to tell apart")});
    }
    preprocessing = std::make_shared<const ImageClasses>(target, options.classes, options.image);
}

ImageDataset ImageDataset::from_folder(const std::filesystem::path& folder, ImageDatasetOptions options) {
    require_valid(options.image);
    ImageFiles found = files_in_folder(folder, !options.classes.empty());
    if (options.classes.empty()) options.classes = classes_among(found.labels, /*as_integers=*/false);
    return ImageDataset(std::make_shared<const Impl>(std::move(found), "class", std::move(options)));
}

ImageDataset ImageDataset::from_table(const Table& table, const ImageColumns& columns, ImageDatasetOptions options) {
    require_valid(options.image);
    require<UsageError>(!columns.target_is_number || options.classes.empty(),
                        "target_is_number and classes were both given; a target is one of the two");
    ImageFiles found = files_in_table(table, columns);
    if (!columns.target_is_number && options.classes.empty()) {
        options.classes = classes_among(found.labels, /*as_integers=*/true);
    }
    return ImageDataset(std::make_shared<const Impl>(std::move(found), columns.target, std::move(options)));
}

int64_t ImageDataset::size() const {
    return static_cast<int64_t>(files().size());
}

Sample ImageDataset::get(int64_t index, Random&) const {
    const std::filesystem::path& file = files().at(static_cast<size_t>(index));
    Sample sample = {.targets = {targets()[index]}, .name = file.string()};
    try {
        sample.inputs = {read_image(file, impl_->options.image)};
    } catch (const Error& error) {
        fail(error.what(), " (ImageDatasetOptions::skip_broken leaves such files out)");
    }
    return sample;
}

std::shared_ptr<const Preprocessing> ImageDataset::preprocessing() const {
    return impl_->preprocessing;
}

const std::vector<std::filesystem::path>& ImageDataset::files() const {
    return impl_->found.files;
}

const at::Tensor& ImageDataset::targets() const {
    return impl_->targets;
}

const std::vector<std::string>& ImageDataset::classes() const {
    return impl_->options.classes;
}

const std::vector<Warning>& ImageDataset::warnings() const {
    return impl_->found.warnings;
}

}  // namespace embark
