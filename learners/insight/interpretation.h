#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "../../plots/plot.h"
#include "../learner.h"

namespace embark {

/// How often each class was taken for each other one.
struct ConfusionMatrix {
    std::vector<std::string> classes;  ///< their names, in the order of `counts`
    /// (classes, classes) int64: rows are the actual classes, columns the predicted ones.
    at::Tensor counts;

    /// Each row divided by its sum; rows of classes that never occur are 0.
    at::Tensor normalized() const;

    /// A pair of classes of which one was taken for the other.
    struct Confusion {
        std::string actual,  ///< the class of the target
            predicted;       ///< that of the prediction
        int64_t count = 0;   ///< rows
    };
    /// Pairs of different classes that were taken for one another at least `min_count` times, most often first.
    std::vector<Confusion> most_confused(int64_t min_count = 1) const;

    /// A table with a line for each actual class.
    std::string text() const;
    /// A heat map with the counts in its cells, coloured by the share of the actual class.
    Plot plot() const;
};

/// Prints ConfusionMatrix::text().
std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix);

/// A learner's predictions for a data set, to look at what it gets wrong (fastai's Interpretation).
///
///     Interpretation interp(learn);
///     std::cout << interp.top_losses(5) << interp.confusion_matrix({"no", "yes"});
class Interpretation {
public:
    /// Predicts the validation part.
    explicit Interpretation(Learner& learn);
    /// Predicts the rows of `loader`.
    Interpretation(Learner& learn, const DataLoader& loader);

    /// What the model answered for these rows, with their targets and losses.
    const Predictions& predictions() const { return predictions_; }
    /// (n) what the predictions of one target say: the class, or the value.
    const at::Tensor& decoded(size_t target = 0) const { return decoded_.at(target); }

    /// The `k` rows of the largest (or smallest) losses as raw values, with the prediction (as the data set's
    /// DataLoaders::decode shows it), the `loss`, and `row`, the row's number in the data set.
    Table top_losses(int64_t k = 10, bool largest = true) const;

    /// Of target `target`, counted from 0. Throws Error where its targets are not classes. `classes` names them; where
    /// it is empty they have the names that the data know, else their numbers.
    ConfusionMatrix confusion_matrix(std::vector<std::string> classes = {}, size_t target = 0) const;

private:
    DataLoaders dls_;
    DataLoader loader_;
    Predictions predictions_;
    Tensors decoded_;
    std::string loss_name_;
};

}  // namespace embark
