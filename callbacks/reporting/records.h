#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace embark {

/// A figure that was not recorded.
inline constexpr double kNotRecorded = std::numeric_limits<double>::quiet_NaN();

/// Whether a smaller or a larger value is the better one.
enum class Direction {
    lower_is_better,  ///< as of losses
    higher_is_better  ///< as of an accuracy
};

/// One epoch's figures.
struct EpochRow {
    int64_t epoch = 0;  ///< counted from 0 within the fit
    /// Exponential average of the batches' losses, β 0.98, bias-corrected, since the fit began (fastai's).
    double train_loss = 0;
    /// Mean loss over the validation part; NaN where it is missing.
    double valid_loss = 0;
    /// One value a metric, in the order of Records::metric_names.
    std::vector<double> metrics = {};
    /// Wall time of training, in seconds.
    double train_seconds = 0;
    double valid_seconds = 0;  ///< wall time of validation, in seconds
    /// Training batches recorded by its end, those of earlier epochs too.
    int64_t batches = 0;
};

/// Up to how many batches Records has every one; of longer runs it has at least half as many, evenly spread.
inline constexpr int64_t kMaxRecordedBatches = 1 << 15;

/// What the Recorder wrote down during one fit.
struct Records {
    std::vector<std::string> metric_names = {};     ///< of the metrics, without the losses
    std::vector<Direction> metric_directions = {};  ///< which way each metric is better
    /// A row an epoch.
    std::vector<EpochRow> epochs = {};
    /// Loss of training batches: of batch 0, `stride`, 2 · `stride` and so on, and of the last one. `stride` is 1, so
    /// that these are all, up to kMaxRecordedBatches of them.
    std::vector<double> losses = {};
    std::vector<double> smooth_losses = {};  ///< exponential average of the loss at the same batches
    /// Value of every hyper-parameter at the same batches, by name; of the last parameter group.
    std::map<std::string, std::vector<double>> hypers = {};
    /// Training batches that were recorded, whether or not they are kept above.
    int64_t n_batches = 0;
    int64_t stride = 1;  ///< batches from one entry above to the next

    /// Records a training batch.
    void add_batch(double loss, double smooth_loss, const std::map<std::string, double>& hyper);
    /// The training batch, from 0, that entry `i` of `losses` is of.
    int64_t batch_of(size_t i) const;
    /// The entry that is of training batch `batch` or of the last one before it that is kept.
    size_t entry_of(int64_t batch) const;

    /// The last epoch's value of "train_loss", "valid_loss" or a metric. Throws Error for another name, and lists
    /// those there are.
    double last(const std::string& name) const;

    /// "train_loss", "valid_loss" and the metrics' names.
    std::vector<std::string> names() const;
    /// Which way a value of one of these names is better. Throws Error for another name, and lists those there are.
    Direction direction(const std::string& name) const;

private:
    size_t index(const std::string& name) const;
};

}  // namespace embark
