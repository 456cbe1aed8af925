#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.h"
#include "../core/tensors.h"
#include "predictions.h"
#include "raw_row.h"
#include "scored.h"

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
/// Which methods there are depends on the file's kind; the others throw Error.
class Predictor {
public:
    /// What the file says of itself.
    struct Info {
        /// "collab", "tabular", or "tensors" where only `forward` on encoded tensors is there.
        std::string kind;
        /// Version of Embark that wrote it.
        std::string version;
        /// The module's class, "DotProductBias".
        std::string model;
        /// Names of the raw inputs, "user" and "title", and of what is predicted, "rating"; empty for "tensors".
        std::vector<std::string> inputs, outputs;
        /// Signatures of the methods that the file has, as TorchScript writes them.
        std::vector<std::string> methods;
        /// Entries of each vocabulary, `#na#` included.
        std::map<std::string, int64_t> vocabulary_sizes;
        /// Shape of each parameter and buffer of the model, by name.
        std::vector<std::pair<std::string, std::vector<int64_t>>> parameters;
    };

    /// Throws Error where `path` is no TorchScript file, is damaged, was not written by Embark, or by a version whose
    /// format is a later one.
    static Predictor load(const std::filesystem::path& path);

    const Info& info() const;

    /// The model's outputs for encoded tensors. Files of every kind.
    Tensors forward(const Tensors& inputs) const;

    /// What the model says of one raw row, of its first target or of all. Unknown categories are taken as `#na#`,
    /// missing numbers filled as in training. Throws Error for a value that is not there, and for a number that is
    /// none. Tabular files only, as the one below.
    Prediction predict(const RawRow& row) const;
    std::vector<Prediction> predict_targets(const RawRow& row) const;
    /// The same for many rows, one entry a target. What training did not have is counted into `counts`. Throws Error
    /// for columns of unequal length too; messages count rows from 0.
    std::vector<TargetPredictions> predict_columns(const RawColumns& columns, EncodingCounts* counts = nullptr) const;

    /// (n) predicted ratings; unknown users and items are taken as `#na#`. Collab files only, as the three below.
    at::Tensor predict(const std::vector<std::string>& users, const std::vector<std::string>& items) const;
    /// Whether the user was among the training data.
    bool knows_user(const std::string& user) const;
    /// The user's `k` best items, best first, without those rated in training (where the file has them).
    std::vector<Scored> recommend(const std::string& user, int64_t k = 10) const;
    /// The `k` items nearest to `item`. Throws Error for an unknown item, and names near ones.
    std::vector<Scored> similar(const std::string& item, int64_t k = 10) const;

protected:
    /// As load, with what single rows need left for when the first one comes.
    static Predictor open(const std::filesystem::path& path);

    /// What was fitted on the training rows. Throws Error where the file is of another kind.
    const TabularEncoder& encoder() const;
    /// What the model says of rows that are encoded.
    std::vector<TargetPredictions> predict_encoded(const Tensors& inputs) const;

private:
    struct Impl;
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
