#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.h"
#include "file_kind.h"

namespace embark {

/// A file that export_torchscript wrote, made ready to answer: raw values in, answers out. Needs the file alone. Copies
/// share the model. Its methods may be called from several threads.
///
///     const auto predictor = Predictor::load("adult.pt");
///     predictor.predict({{"age", 39}, {"workclass", "Private"}, …}).label
///
///     const auto movies = Predictor::load("movies.pt");
///     movies.recommend("196", 10).front().name
///
/// Which methods there are depends on the file's kind; the others throw Error. A program that has kinds of its own says
/// how these are answered by register_file_kind.
class Predictor {
public:
    /// What info() gives.
    using Info = FileInfo;

    /// Throws Error where `path` is no TorchScript file, is damaged, was not written by Embark, or by a version whose
    /// format is a later one. A file of somebody whom you do not trust: `Predictor::load(path, {.trusted = false})`;
    /// better still, ask for the model's ONNX form, which has no code. See LoadOptions.
    static Predictor load(const std::filesystem::path& path, const LoadOptions& options = {});

    /// What the file says of itself.
    const Info& info() const;
    /// The file itself.
    const ExportedFile& file() const;

    /// The model's outputs for encoded tensors. Files of every kind.
    Tensors forward(const Tensors& inputs) const;
    /// What any method of the file answers; see ExportedFile::call. Files of every kind, a program's own too:
    /// `reviews.call("predict", {c10::List<std::string>(texts)})`.
    c10::IValue call(const std::string& method, std::vector<c10::IValue> arguments) const;

    /// What the model says of one raw row, of its first target. Unknown categories are taken as `#na#`, missing numbers
    /// filled as in training. Throws Error for a value that is not there, and for a text that is not a number. Files of
    /// rows only (FileKind::predicts_rows), which tabular ones are, as the two below.
    Prediction predict(const RawRow& row) const;
    /// What the model says of one raw row, of all targets; see predict().
    std::vector<Prediction> predict_targets(const RawRow& row) const;
    /// The same for many rows, one entry a target. What training did not have is counted into `counts`. Throws Error
    /// for columns of unequal length too; messages count rows from 0.
    std::vector<TargetPredictions> predict_columns(const RawColumns& columns, EncodingCounts* counts = nullptr) const;
    /// Whether the file answers rows of a table.
    bool predicts_rows() const;

    /// (n) predicted ratings; unknown users and items are taken as `#na#`, and counted into `counts`. Collab files
    /// only, as the four below.
    at::Tensor predict(const std::vector<std::string>& users, const std::vector<std::string>& items,
                       EncodingCounts* counts = nullptr) const;
    /// Whether the user was among the training data.
    bool knows_user(const std::string& user) const;
    /// The user's `k` best items, best first, without those rated in training (where the file has them).
    std::vector<Scored> recommend(const std::string& user, int64_t k = 10) const;
    /// The same for a user whom training did not see, known by ratings: `recommend_for({{"Star Wars (1977)", 5}}, 10)`,
    /// without the items given. Throws Error for an item that is unknown or given twice, and where the model that was
    /// exported has no answer.
    std::vector<Scored> recommend_for(const std::vector<Scored>& ratings, int64_t k = 10) const;
    /// The same by the items that somebody had, for files of interactions.
    std::vector<Scored> recommend_for_items(const std::vector<std::string>& items, int64_t k = 10) const;
    /// The `k` items nearest to `item`. Throws Error for an unknown item, and names near ones.
    std::vector<Scored> similar(const std::string& item, int64_t k = 10) const;

protected:
    /// As load, with what single answers need left for when the first one comes.
    static Predictor open(const std::filesystem::path& path, const LoadOptions& options = {});

    /// How the file is answered.
    const FileKind& kind() const { return *kind_; }

private:
    explicit Predictor(std::shared_ptr<const FileKind> kind) : kind_(std::move(kind)) {}

    std::shared_ptr<const FileKind> kind_;
};

}  // namespace embark
