#include "file_kind.h"

#include <map>
#include <mutex>

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>

#include "../core/error.h"
#include "../core/text.h"
#include "detail/collab_file.h"
#include "detail/tabular_file.h"

namespace embark {

namespace {

struct Kinds {
    std::mutex mutex;
    std::map<std::string, MakeFileKind> makers = {
        {"collab", [](ExportedFile file) { return std::make_shared<CollabFile>(std::move(file)); }},
        {"tabular", [](ExportedFile file) { return std::make_shared<TabularFile>(std::move(file)); }},
        {"tensors", [](ExportedFile file) { return std::make_shared<FileKind>(std::move(file)); }}};
};

Kinds& kinds() {
    static Kinds known;
    return known;
}

/// Row 0 of `many`.
Prediction first_row(const TargetPredictions& many) {
    Prediction one{.target = many.target};
    if (!many.is_class()) {
        one.value = many.values[0].item<double>();
        return one;
    }
    one.classes = many.classes;
    for (int64_t i = 0; i < many.probabilities.size(1); ++i) {
        one.probabilities.push_back(many.probabilities[0][i].item<double>());
    }
    one.label = many.labels().front();
    one.probability = many.probabilities[0].max().item<double>();
    return one;
}

}  // namespace

FileKind::~FileKind() = default;

void FileKind::fail_without(const char* method) const {
    const FileInfo& info = file().info();
    fail(file().name(), " has no method ", method, ": its kind is ", info.kind, ", and its methods are ",
         join(info.methods, "; "));
}

void FileKind::fail_without_rows() const {
    const FileInfo& info = file().info();
    fail(file().name(), " predicts no rows of a table: its kind is ", info.kind, ", and its methods are ",
         join(info.methods, "; "));
}

std::vector<Prediction> FileKind::predict_row(const RawRow& row) const {
    RawColumns columns;
    for (const auto& [name, value] : row) columns[name] = {value};
    std::vector<Prediction> predictions;
    for (const TargetPredictions& target : predict_columns(columns, nullptr)) predictions.push_back(first_row(target));
    return predictions;
}

std::vector<TargetPredictions> FileKind::predict_columns(const RawColumns&, EncodingCounts*) const {
    fail_without_rows();
}
const TabularEncoder& FileKind::encoder() const {
    fail_without_rows();
}
std::vector<TargetPredictions> FileKind::predict_encoded(const Tensors&) const {
    fail_without_rows();
}
at::Tensor FileKind::predict_pairs(const std::vector<std::string>&, const std::vector<std::string>&,
                                   EncodingCounts*) const {
    fail_without("predict(users: List[str], items: List[str])");
}
bool FileKind::knows_user(const std::string&) const {
    fail_without("knows_user");
}
std::vector<Scored> FileKind::recommend_for(const std::vector<Scored>&, int64_t) const {
    fail_without("recommend_for");
}

std::vector<Scored> FileKind::recommend_for_items(const std::vector<std::string>&, int64_t) const {
    fail_without("recommend_for");
}

std::vector<Scored> FileKind::recommend(const std::string&, int64_t) const {
    fail_without("recommend");
}
std::vector<Scored> FileKind::similar(const std::string&, int64_t) const {
    fail_without("similar");
}

void register_file_kind(const std::string& kind, MakeFileKind make) {
    require<UsageError>(make != nullptr, "The file kind '", kind, "' was registered without a function");
    Kinds& known = kinds();
    const std::lock_guard lock(known.mutex);
    const bool is_new = known.makers.emplace(kind, std::move(make)).second;
    require<UsageError>(is_new, "The file kind '", kind, "' is registered already; give yours another name");
}

std::shared_ptr<const FileKind> make_file_kind(ExportedFile file) {
    MakeFileKind make;
    {
        Kinds& known = kinds();
        const std::lock_guard lock(known.mutex);
        const auto found = known.makers.find(file.info().kind);
        if (found != known.makers.end()) make = found->second;
    }
    if (!make) return std::make_shared<FileKind>(std::move(file));
    const std::string kind = file.info().kind;
    auto made = make(std::move(file));
    require(made != nullptr, "What was registered for the file kind '", kind, "' makes nothing");
    return made;
}

}  // namespace embark
