#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exported_file.h"
#include "predictions.h"
#include "raw_row.h"
#include "scored.h"

namespace embark {

/// How a Predictor answers raw values from the files of one kind of data. Each function is one of Predictor's; those
/// that a kind does not override throw Error, with the methods that the file has. A file of a kind that nobody has
/// registered is answered by this class: `forward`, and `call` of its methods, are there all the same.
///
/// A program that reads files of a kind of its own (see Preprocessing::export_to) can give them a class:
///
///     struct ReviewFile : FileKind {
///         using FileKind::FileKind;
///         std::vector<TargetPredictions> predict_columns(const RawColumns& columns, EncodingCounts*) const override;
///     };
///     register_file_kind("reviews", [](ExportedFile file) { return std::make_shared<ReviewFile>(file); });
///
/// Its functions may be called from several threads.
class FileKind {
public:
    /// Of a file of this kind.
    explicit FileKind(ExportedFile file) : file_(std::move(file)) {}
    virtual ~FileKind();

    /// The file that is answered from.
    const ExportedFile& file() const { return file_; }

    /// What is slow at the first answer and can be done before it; Predictor::load calls it.
    virtual void warm_up() const {}

    /// Whether it answers rows of a table, by the two functions below.
    virtual bool predicts_rows() const { return false; }
    /// What the model says of one row, one entry a target; by default that of predict_columns for one row.
    virtual std::vector<Prediction> predict_row(const RawRow& row) const;
    /// What the model says of many rows, one entry a target. What training did not have is counted into `counts` where
    /// it is given.
    virtual std::vector<TargetPredictions> predict_columns(const RawColumns& columns, EncodingCounts* counts) const;
    /// What makes the model's inputs of a table's rows.
    virtual const TabularEncoder& encoder() const;
    /// What the model says of such inputs, one entry a target.
    virtual std::vector<TargetPredictions> predict_encoded(const Tensors& inputs) const;

    /// As Predictor::predict for ratings. What training did not have is counted into `counts` where it is given.
    virtual at::Tensor predict_pairs(const std::vector<std::string>& users, const std::vector<std::string>& items,
                                     EncodingCounts* counts) const;
    /// As Predictor::knows_user.
    virtual bool knows_user(const std::string& user) const;
    /// As Predictor::recommend.
    virtual std::vector<Scored> recommend(const std::string& user, int64_t k) const;
    /// As Predictor::recommend_for.
    virtual std::vector<Scored> recommend_for(const std::vector<Scored>& ratings, int64_t k) const;
    /// As Predictor::recommend_for_items.
    virtual std::vector<Scored> recommend_for_items(const std::vector<std::string>& items, int64_t k) const;
    /// As Predictor::similar.
    virtual std::vector<Scored> similar(const std::string& item, int64_t k) const;

private:
    [[noreturn]] void fail_without(const char* method) const;
    [[noreturn]] void fail_without_rows() const;

    ExportedFile file_;
};

/// Makes what answers a file of one kind. Not null.
using MakeFileKind = std::function<std::shared_ptr<const FileKind>(ExportedFile file)>;

/// Has Predictors of this program answer files of `kind` by what `make` makes. Throws UsageError for a kind that is
/// registered already, as "collab" and "tabular" are. May be called from several threads; files that were loaded before
/// keep what they have.
void register_file_kind(const std::string& kind, MakeFileKind make);

/// What answers a file, by the kind that it says it is.
std::shared_ptr<const FileKind> make_file_kind(ExportedFile file);

}  // namespace embark
