#include "image_files.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <system_error>
#include <utility>

#include "../../../core/detail/parallel.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../image.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

constexpr const char* kExtensions = ".png, .jpg or .jpeg";

bool has_image_extension(const fs::path& file) {
    std::string extension = file.extension().string();
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// Names that parts of data sets have, and hardly classes.
bool names_a_part(const std::string& name) {
    static const std::set<std::string> kParts = {"train", "training", "valid", "val", "validation", "test", "testing"};
    return kParts.contains(name);
}

/// "a, b and 3 more"
std::string first_few(const std::vector<std::string>& texts) {
    constexpr size_t kShown = 3;
    if (texts.size() <= kShown) return join(texts);
    return concat(join({texts.begin(), texts.begin() + kShown}), " and ", texts.size() - kShown, " more");
}

/// What is in a folder, sorted by name, but for what is hidden.
std::vector<fs::path> entries_of(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (!at->path().filename().string().starts_with('.')) entries.push_back(at->path());
    }
    require(!error, "Cannot read the folder ", folder.string(), ": ", error.message());
    std::sort(entries.begin(), entries.end());
    return entries;
}

/// Goes through a folder and those below it.
class FolderScan {
public:
    /// The pictures below `folder`, as those of a class.
    void scan(const fs::path& folder, const std::string& label, ImageFiles& found) {
        std::error_code error;
        const fs::path real = fs::canonical(folder, error);
        require(std::find(above_.begin(), above_.end(), real) == above_.end(), "The folder ", folder.string(),
                " is a link to one that it lies in");
        above_.push_back(real);
        for (const fs::path& entry : entries_of(folder)) {
            if (fs::is_directory(entry, error)) {
                scan(entry, label, found);
            } else if (has_image_extension(entry)) {
                found.files.push_back(entry);
                found.labels.push_back(label);
            } else {
                others.push_back(entry.string());
            }
        }
        above_.pop_back();
    }

    std::vector<std::string> others;

private:
    std::vector<fs::path> above_;
};

}  // namespace

ImageFiles files_in_folder(const fs::path& folder, bool classes_are_given) {
    ImageFiles found{.source = folder.string()};
    FolderScan scan;
    std::vector<std::string> stray, classes;
    std::error_code error;
    for (const fs::path& entry : entries_of(folder)) {
        if (!fs::is_directory(entry, error)) {
            (has_image_extension(entry) ? stray : scan.others).push_back(entry.string());
            continue;
        }
        const size_t before = found.files.size();
        classes.push_back(entry.filename().string());
        scan.scan(entry, classes.back(), found);
        require(found.files.size() > before || classes_are_given, "There is no picture (", kExtensions,
                ") in the folder ", entry.string());
    }
    require(!classes.empty(), "There is no folder in ", folder.string(), stray.empty() ? "" : ", pictures alone",
            "; pictures lie in a folder for each class, or are told apart by a table (ImageDataset::from_table)");
    require(!found.files.empty(), "There is no picture (", kExtensions, ") in the folders of ", folder.string());
    require(classes_are_given || !std::all_of(classes.begin(), classes.end(), names_a_part), "The folders in ",
            folder.string(), " are ", join(classes), ", which are no classes but parts of a data set: read ",
            (folder / classes.front()).string(), " and the like, or name them in ImageDatasetOptions::classes");
    if (!stray.empty()) {
        found.warnings.push_back({"no_class", concat(stray.size(), stray.size() == 1 ? " picture is" : " pictures are",
                                                     " left out, since ", folder.string(),
                                                     " itself is no class: ", first_few(stray))});
    }
    if (!scan.others.empty()) {
        const size_t n = scan.others.size();
        found.warnings.push_back({"other_files", concat(n, n == 1 ? " file is" : " files are", " left out, which ",
                                                        n == 1 ? "does" : "do", " not end in ", kExtensions, ": ",
                                                        first_few(scan.others))});
    }
    return found;
}

ImageFiles files_in_table(const Table& table, const ImageColumns& columns) {
    ImageFiles found{.source = table.source().empty() ? "the table" : table.source()};
    require(table.rows() > 0, "There are no rows in ", found.source);
    if (columns.target_is_number) {
        const at::Tensor numbers = table.finite_numbers(columns.target).to(at::kFloat);
        found.numbers.assign(numbers.const_data_ptr<float>(), numbers.const_data_ptr<float>() + numbers.numel());
    } else {
        require(table.type(columns.target) != ColumnType::number, "Column '", columns.target,
                "' has numbers with decimals, which are no classes: ImageColumns::target_is_number has them learned "
                "as numbers");
        found.labels = table.text(columns.target);
    }
    const std::vector<std::string> paths = table.text(columns.path);
    for (size_t i = 0; i < paths.size(); ++i) {
        const auto row = static_cast<int64_t>(i);
        require(!paths[i].empty(), table.where(row, columns.path), ": there is no path of a picture");
        require(found.labels.empty() || !found.labels[i].empty(), table.where(row, columns.target),
                ": there is no class");
        // A path that begins at the root stays as it is.
        found.files.push_back(columns.folder / paths[i]);
        std::error_code error;
        require(fs::exists(found.files.back(), error), table.where(row, columns.path), ": there is no file ",
                found.files.back().string());
    }
    return found;
}

ImageFiles without_broken(const ImageFiles& found, const ImageOptions& options) {
    std::vector<std::string> problems(found.files.size());
    parallel_for_each(static_cast<int64_t>(found.files.size()), [&](int64_t i) {
        try {
            read_image(found.files[static_cast<size_t>(i)], options);
        } catch (const Error& error) {
            problems[static_cast<size_t>(i)] = error.what();
        }
    });
    ImageFiles left{.source = found.source, .warnings = found.warnings};
    std::vector<std::string> broken;
    for (size_t i = 0; i < problems.size(); ++i) {
        if (!problems[i].empty()) {
            broken.push_back(problems[i]);
            continue;
        }
        left.files.push_back(found.files[i]);
        if (!found.labels.empty()) left.labels.push_back(found.labels[i]);
        if (!found.numbers.empty()) left.numbers.push_back(found.numbers[i]);
    }
    require(!left.files.empty(), "None of the ", found.files.size(), " pictures in ", found.source,
            " can be read: ", first_few(broken));
    if (!broken.empty()) {
        left.warnings.push_back({"broken_pictures", concat(broken.size(), " of ", found.files.size(), " pictures in ",
                                                           found.source, " are left out: ", first_few(broken))});
    }
    return left;
}

}  // namespace embark
