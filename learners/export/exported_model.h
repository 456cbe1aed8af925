#pragma once

#include <filesystem>
#include <utility>
#include <vector>

#include "../../data/tabular/tabular_predictions.h"
#include "../../predictor/predictor.h"

namespace embark {

/// A Predictor that takes tables too.
class ExportedModel : public Predictor {
public:
    /// As Predictor::load.
    static ExportedModel load(const std::filesystem::path& path);

    using Predictor::predict;
    /// What the model says of every row of a table, one entry a target; unknown categories are taken as `#na#`, missing
    /// numbers filled as in training, both counted into `counts`. Tabular files only.
    std::vector<TargetPredictions> predict(const Table& table, EncodingCounts* counts = nullptr) const;

    /// (n) ratings that the model predicts for the users and items of a table, whose columns are named as in training;
    /// unknown ones are taken as `#na#`, and counted into `counts`. Collab files only.
    at::Tensor predict_ratings(const Table& table, EncodingCounts* counts = nullptr) const;

private:
    explicit ExportedModel(Predictor predictor) : Predictor(std::move(predictor)) {}
};

}  // namespace embark
