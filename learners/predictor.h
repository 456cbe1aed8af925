#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "../data/tabular_predictions.h"

namespace embark {

/// Answers for one raw row at a time, as a service needs them: a tabular model made ready for that once. Copies share
/// the model. Its methods may be called from several threads.
///
///     const auto predictor = Predictor::load("adult.pt");
///     predictor.predict({{"age", 39}, {"workclass", "Private"}, …}).label
class Predictor {
public:
    /// Of a file that export_torchscript wrote. Throws Error where it is none, or not of a tabular model.
    static Predictor load(const std::filesystem::path& path);

    /// What the model says of one raw row, of its first target or of all. Throws Error for a value that is not there,
    /// and for a number that is none.
    Prediction predict(const RawRow& row) const;
    std::vector<Prediction> predict_targets(const RawRow& row) const;

private:
    struct Impl;
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
