#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../core/tensors.h"
#include "../data/tabular_predictions.h"
#include "collab_learner.h"

namespace embark {

/// A file that export_torchscript wrote, loaded again: raw values in, answers out. Needs the file alone. Copies share
/// the model. Its methods may be called from several threads.
class ExportedModel {
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

    /// Throws Error where `path` is no TorchScript file, is damaged, or was not written by Embark.
    static ExportedModel load(const std::filesystem::path& path);

    const Info& info() const;

    /// The model's outputs for encoded tensors.
    Tensors forward(const Tensors& inputs) const;
    /// What the model says of every row of a table, one entry a target; unknown categories are taken as `#na#`, missing
    /// numbers filled as in training, both counted into `counts`. Tabular files only.
    std::vector<TargetPredictions> predict(const Table& table, EncodingCounts* counts = nullptr) const;
    /// The same for one raw row.
    std::vector<Prediction> predict(const RawRow& row) const;

    /// (n) predicted ratings; unknown users and items are taken as `#na#`. Collab files only, as the two below.
    at::Tensor predict(const std::vector<std::string>& users, const std::vector<std::string>& items) const;
    /// Whether the user was among the training data.
    bool knows_user(const std::string& user) const;
    /// The user's `k` best items, best first, without those rated in training (where the file has them).
    std::vector<Scored> recommend(const std::string& user, int64_t k = 10) const;
    /// The `k` items nearest to `item`. Throws Error for an unknown item, and names near ones.
    std::vector<Scored> similar(const std::string& item, int64_t k = 10) const;

private:
    struct Impl;
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
